import type { RunRequest, RunSummary, TraceEvent, TraceHeader } from '@underdock/trace';
import type { RunError } from '../../apps/agent/src/run/error.ts';
import type { Run, Runs } from '../../apps/agent/src/run/runs.ts';

type Listener = (events: readonly TraceEvent[], closed: boolean) => void;

/** A run that holds the events it is given, and no container at all. */
export class TracedRun implements Run {
  readonly id: string;
  readonly header: TraceHeader;
  readonly events: TraceEvent[] = [];
  readonly done: Run['done'] = new Promise(() => {});
  readonly file = '';
  /** What was typed into it. */
  readonly typed: string[] = [];
  readonly sizes: string[] = [];
  closed = false;
  state: RunSummary['state'] = 'preparing';
  more: Partial<RunSummary> = {};
  onRelease: () => void = () => {};
  readonly #changed: () => void;
  readonly #listeners = new Set<Listener>();

  constructor(header: TraceHeader, changed: () => void) {
    this.id = header.id;
    this.header = header;
    this.#changed = changed;
  }

  /** Lets events happen; the last batch may close the run. */
  emit(events: readonly TraceEvent[], state = this.state, more: Partial<RunSummary> = {}): void {
    this.events.push(...events);
    this.state = state;
    this.more = { ...this.more, ...more };
    this.closed = state === 'finished' || state === 'failed';
    for (const listener of this.#listeners) listener(events, this.closed);
    this.#changed();
  }

  summary(): RunSummary {
    const { id, title, via, command, startedAt } = this.header;
    const plain = { tty: false, interactive: false, request: { image: 'starter', command: ['/bin/sh'] } };
    return {
      id,
      title,
      via,
      command,
      startedAt,
      state: this.state,
      events: this.events.length,
      ...plain,
      ...this.more,
    };
  }

  subscribe(listener: Listener): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  attach(): () => void {
    return () => {};
  }
  input(bytes: Uint8Array): void {
    this.typed.push(new TextDecoder().decode(bytes));
  }
  endInput(): void {
    this.typed.push('(end)');
  }
  resize(cols: number, rows: number): void {
    this.sizes.push(`${cols}x${rows}`);
  }
  release(): void {
    this.onRelease();
  }
  async stop(): Promise<void> {
    this.emit([], 'finished', { exitCode: 143 });
  }
  async remove(): Promise<void> {}
}

/** Runs that are put there by a test. Whatever is started gets the events that `onStart` gives it. */
export function createTracedRuns(
  onStart: (run: TracedRun, request: RunRequest) => void = () => {},
  headerOf: (id: string) => TraceHeader = () => {
    throw new Error('this test starts no runs');
  },
): Runs & { add(header: TraceHeader): TracedRun; refuseWatch(why: RunError | undefined): void } {
  const all = new Map<string, TracedRun>();
  const listeners = new Set<() => void>();
  const watch = { on: false, refusal: undefined as RunError | undefined };
  const changed = () => listeners.forEach((listener) => void listener());
  const add = (header: TraceHeader) => {
    const run = new TracedRun(header, changed);
    all.set(run.id, run);
    changed();
    return run;
  };
  return {
    add,
    async start(request) {
      const run = add(headerOf(`run${all.size + 1}`));
      onStart(run, request);
      return run;
    },
    get: (id) => all.get(id),
    list: () => [...all.values()].map((run) => run.summary()),
    refuseWatch(why) {
      watch.refusal = why;
    },
    get watching() {
      return watch.on;
    },
    async watchHost(on) {
      if (on && watch.refusal) throw watch.refusal;
      watch.on = on;
      changed();
    },
    onChange(listener) {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    async remove(id) {
      all.delete(id);
      changed();
    },
    forget: (id) => void (all.delete(id) && changed()),
    traces: async () => [],
    traceFile: async () => undefined,
    close: async () => {},
  };
}
