import type { RunSummary } from '@underdock/trace';

/** What the page does about the newest run that somebody else began. */
export type News = { open: RunSummary } | { tell: RunSummary; others: number } | undefined;

/** Where the reader is. */
export interface Reader {
  /** The run that is shown. */
  shown: string | undefined;
  /** Nobody looks at anything in earnest: the page may turn to something else by itself. */
  idle: boolean;
  /** Runs that were there when the page began to look, were shown, or were told of and put aside. */
  seen: ReadonlySet<string>;
}

/**
 * Opens the newest found run where nobody looks at anything else, and tells of it otherwise. What makes no container
 * does not take the place of what does.
 */
export function newsOf(runs: readonly RunSummary[], { shown, idle, seen }: Reader): News {
  const fresh = runs.filter((run) => run.via === 'watch' && !seen.has(run.id) && run.id !== shown);
  const newest = fresh[0];
  if (!newest) return undefined;
  const current = runs.find((run) => run.id === shown);
  const better = fresh.find((run) => run.container !== undefined || current?.container === undefined);
  if (idle && better) return { open: better };
  return { tell: newest, others: fresh.length - 1 };
}
