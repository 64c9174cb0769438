import type { RunRequest, RunSummary, TraceEvent, TraceHeader } from '@underdock/trace';
import type { Run, Runs } from '../run/runs.ts';

/** How a run ended, for the exit code. */
export interface RunEnd {
  exitCode: number;
  error?: { code: string; message: string; remedy?: string };
}

export interface RunListeners {
  /** The container's raw output. */
  output(stream: 'stdout' | 'stderr', bytes: Uint8Array): void;
  header(header: TraceHeader): void;
  /** Every event once, in order, from the first on. */
  events(events: readonly TraceEvent[]): void;
}

/** A run that this command line has started, wherever it is carried out. */
export interface CommandedRun {
  readonly id: string;
  /** Resolves when the trace is closed and every listener has heard everything. */
  readonly done: Promise<RunEnd>;
  summary(): Promise<RunSummary>;
  /** Resolves when more can be taken. */
  input(bytes: Uint8Array): Promise<void>;
  endInput(): void;
  resize(cols: number, rows: number): void;
  release(): void;
  stop(options?: { signal?: string; graceMs?: number }): Promise<void>;
}

/** Carries runs out: an agent that is running, or a temporary one in this process. */
export interface Carrier {
  start(request: RunRequest, listeners: RunListeners): Promise<CommandedRun>;
  /** A detached run goes on after `close`. */
  readonly outlives: boolean;
  close(): Promise<void>;
}

/** Tells what is there of a run's trace and what comes; the function that it gives tells the rest at once. */
export function followRun(run: Run, listeners: Pick<RunListeners, 'header' | 'events'>): () => void {
  listeners.header(run.header);
  // What is there already and what comes: `told` keeps the two from overlapping.
  let told = 0;
  const tell = () => {
    const fresh = run.events.slice(told);
    told = run.events.length;
    if (fresh.length > 0) listeners.events(fresh);
  };
  run.subscribe(tell);
  tell();
  return tell;
}

/** Runs in this very process. */
export function carryHere({ runs, close }: { runs: Runs; close(): Promise<void> }): Carrier {
  return {
    outlives: false,
    close,
    async start(request, listeners) {
      const run = await runs.start(request, 'cli');
      run.attach((stream, bytes) => listeners.output(stream, bytes));
      const tell = followRun(run, listeners);
      return {
        id: run.id,
        done: run.done.then((end) => {
          tell();
          return end;
        }),
        summary: async () => run.summary(),
        input: async (bytes) => run.input(bytes),
        endInput: () => run.endInput(),
        resize: (cols, rows) => run.resize(cols, rows),
        release: () => run.release('the command line'),
        stop: (options) => run.stop(options),
      };
    },
  };
}
