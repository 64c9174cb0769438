import { apiPath, typedCommand } from '@underdock/chain';
import type { RunSummary } from '@underdock/trace';
import { quoteWord } from './runForm/commandLine.ts';

const STATES: Record<RunSummary['state'], string> = {
  preparing: 'preparing',
  held: 'held before start',
  running: 'running',
  stopping: 'stopping',
  finished: 'finished',
  failed: 'failed',
};

/** A run as one would say it: what was typed, without where the engine is; else the request or the container. */
export function titleOf(
  run: Pick<RunSummary, 'command' | 'via' | 'title'> & { container?: string | undefined },
): string {
  const [method = '', path = ''] = run.command;
  if (run.via === 'watch' && run.command.length === 2 && path.startsWith('/'))
    return `${method} ${apiPath(path)}`;
  const words = run.via === 'watch' ? typedCommand(run.command) : run.command;
  return (
    words.map(quoteWord).join(' ') || (run.container ? `container ${run.container.slice(0, 12)}` : run.title)
  );
}

/** Nothing of it goes on any more. */
export function isOver({ state }: RunSummary): boolean {
  return state === 'finished' || state === 'failed';
}

/** What became of a run, in two or three words. */
export function stateWord(run: RunSummary): string {
  if (run.via === 'watch' && run.state === 'running') return 'going on';
  if (run.state !== 'finished' || run.exitCode === undefined) return STATES[run.state];
  return `exit code ${run.exitCode}`;
}

/** Red for a chain that broke, and for a process that ended badly. */
export function stateClass(run: RunSummary): string {
  const bad = run.state === 'failed' || (run.exitCode ?? 0) !== 0;
  return bad ? 'run-state is-failed' : 'run-state';
}
