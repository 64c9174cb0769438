import type { LibraryEntry, RunSummary } from '@underdock/trace';
import { isOpened } from '../../source/openedTraces.ts';
import { bytes, duration } from '../evidence/values.ts';
import { isOver, stateClass, stateWord, titleOf } from '../runWords.ts';

/** One line of the library: a trace on the agent’s disk, a run that goes on, a file that was opened in this page. */
export interface LibraryRow {
  id: string;
  /** What was typed. */
  command: string;
  entry?: LibraryEntry | undefined;
  run?: RunSummary | undefined;
  startedAt: string;
}

/** What is shown: the agent’s answer, and with no search also runs and opened files that no file of it tells of. Newest first. */
export function rowsOf(
  entries: readonly LibraryEntry[],
  runs: readonly RunSummary[],
  searching: boolean,
): LibraryRow[] {
  const byId = new Map(runs.map((run) => [run.id, run]));
  const stored = entries.map((entry) => rowOf(entry, byId.get(entry.id)));
  const known = new Set(entries.map(({ id }) => id));
  const others = searching ? [] : runs.filter(({ id }) => !known.has(id));
  const rows = [
    ...stored,
    ...others.map((run) => ({ id: run.id, command: titleOf(run), run, startedAt: run.startedAt })),
  ];
  return rows.sort((a, b) => rank(b) - rank(a) || b.startedAt.localeCompare(a.startedAt));
}

// What was opened in this page a moment ago is what one looks for, however old it is.
const rank = ({ id }: LibraryRow) => (isOpened(id) ? 1 : 0);

function rowOf(entry: LibraryEntry, run: RunSummary | undefined): LibraryRow {
  const { id, startedAt, command, via = 'watch', ownTitle } = entry;
  const [container] = entry.containers;
  return { id, entry, run, startedAt, command: titleOf({ command, via, title: ownTitle, container }) };
}

/** How a trace stands, in a few words, and whether that is bad. */
export function standing({ run, entry }: LibraryRow): { words: string; className: string } {
  if (run && !isOver(run)) return { words: stateWord(run), className: stateClass(run) };
  if (entry?.state === 'broken') return { words: 'broken', className: 'run-state is-failed' };
  if (entry?.state === 'cut') return { words: 'cut off', className: 'run-state is-cut' };
  if (run) return { words: stateWord(run), className: stateClass(run) };
  const code = entry?.exitCode;
  const className = code ? 'run-state is-failed' : 'run-state';
  return { words: code === undefined ? 'recorded' : `exit code ${code}`, className };
}

/** What else there is to know of it, shortest first. */
export function factsOf({ id, run, entry, startedAt }: LibraryRow): string[] {
  const via = entry?.via ?? run?.via;
  const containers = entry?.containers ?? (run?.container ? [run.container] : []);
  const [only] = containers;
  const whose =
    containers.length > 1 ? `${containers.length} containers` : only && `container ${only.slice(0, 12)}`;
  const road = isOpened(id)
    ? 'opened in this page'
    : via === 'watch'
      ? 'found on this host'
      : via && `via ${via}`;
  const events = run && !entry ? run.events : (entry?.events ?? 0);
  return [
    entry?.importedFrom === undefined ? road : `from ${entry.importedFrom}`,
    whose,
    when(startedAt),
    entry?.durationMs === undefined ? undefined : duration(entry.durationMs),
    `${events.toLocaleString()} events`,
    entry && bytes(entry.bytes),
  ].filter((one) => one !== undefined && one !== '') as string[];
}

function when(startedAt: string): string {
  const at = new Date(startedAt);
  const today = at.toDateString() === new Date().toDateString();
  return today
    ? at.toLocaleTimeString()
    : at.toLocaleString(undefined, { dateStyle: 'medium', timeStyle: 'short' });
}
