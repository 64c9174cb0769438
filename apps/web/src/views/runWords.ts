import type { RunSummary } from '@underdock/trace';

const STATES: Record<RunSummary['state'], string> = {
  preparing: 'preparing',
  held: 'held before start',
  running: 'running',
  stopping: 'stopping',
  finished: 'finished',
  failed: 'failed',
};

/** What became of a run, in two or three words. */
export function stateWord(run: RunSummary): string {
  if (run.state !== 'finished' || run.exitCode === undefined) return STATES[run.state];
  return `exit code ${run.exitCode}`;
}

/** Red for a chain that broke, and for a process that ended badly. */
export function stateClass(run: RunSummary): string {
  const bad = run.state === 'failed' || (run.exitCode ?? 0) !== 0;
  return bad ? 'run-state is-failed' : 'run-state';
}
