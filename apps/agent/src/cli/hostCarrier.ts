import type { RunSummary } from '@underdock/trace';
import type { Run, Runs } from '../run/runs.ts';
import { followRun, type RunListeners } from './commandedRun.ts';

/** Called for each run that is found; what it gives hears that run’s trace from its first line on. */
export type OnFound = (summary: RunSummary) => RunListeners & { closed(): void };

/** Watches the host, in a running agent or in this process. */
export interface HostCarrier {
  /** Begins; throws AgentError or RunError when nothing can be watched here. */
  watch(onFound: OnFound): Promise<void>;
  /** Resolves when it can’t go on. */
  readonly gone: Promise<void>;
  close(): Promise<void>;
}

/** Watches from this very process. */
export function watchHere({ runs, close }: { runs: Runs; close(): Promise<void> }): HostCarrier {
  const seen = new Set<string>();
  return {
    gone: new Promise(() => {}),
    close,
    async watch(onFound) {
      runs.onChange(() => {
        for (const summary of runs.list().toReversed()) {
          const run = summary.via === 'watch' && !seen.has(summary.id) ? runs.get(summary.id) : undefined;
          seen.add(summary.id);
          if (run) followHere(run, onFound(summary));
        }
      });
      await runs.watchHost(true);
    },
  };
}

function followHere(run: Run, listeners: RunListeners & { closed(): void }): void {
  const tell = followRun(run, listeners);
  void run.done.then(() => {
    tell();
    listeners.closed();
  });
}
