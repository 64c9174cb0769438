import type { HostDescription, RunSummary, TraceEvent, TraceHeader, WatcherState } from '@underdock/trace';
import { FORMAT_VERSION } from '@underdock/trace';
import type { Found, RawRecord, Weave, WeaveOptions } from '@underdock/weave';
import type { ReadBack } from '../layers/6-process/readBack.ts';
import { faultOf } from '../probe/lostCount.ts';
import type { EngineLook } from '../via/docker/look.ts';
import { startClock, type TraceClock } from './clock.ts';
import { RunError } from './error.ts';
import { type GrowingTrace, growTrace, type TraceListener } from './growingTrace.ts';
import { InitLook } from './initLook.ts';
import { createRedactor, type Redactor } from './redact.ts';
import type { FoundSink } from './relay.ts';
import type { Run } from './runs.ts';
import { createTraceWriter } from './store.ts';
import type { Tell } from './tell.ts';
import { createTeller } from './teller.ts';

/** What surrounds a found run. */
export interface FoundSurroundings {
  id: string;
  file: string;
  host: HostDescription;
  watchers: readonly WatcherState[];
  outside: Omit<WeaveOptions, 'emit'>;
  createWeave: (options: WeaveOptions) => Weave;
  look: ReadBack;
  /** Asks the engine that has made a container what it knows of it. */
  engineLook: EngineLook;
  changed: () => void;
}

/** A run that somebody else began: it is looked at, and never commanded. */
export interface FoundRun extends Run {
  readonly sink: FoundSink;
  /** What underdock itself tells in it. */
  readonly tell: Tell;
}

/** Opens the trace of a found run. Throws StoreError when it can't be written. */
export function openFoundRun(found: Found, around: FoundSurroundings): FoundRun {
  return new Watched(found, around);
}

class Watched implements FoundRun {
  readonly id: string;
  readonly file: string;
  readonly done: Run['done'];
  readonly sink: FoundSink;
  readonly tell: Tell;
  readonly #around: FoundSurroundings;
  readonly #clock: TraceClock;
  readonly #redactor: Redactor;
  readonly #trace: GrowingTrace;
  #container: string | undefined;
  /** The engine that was asked for something in this run. */
  #engine: number | undefined;
  #exitCode = 0;
  readonly #inits: InitLook;
  #finish: (outcome: { exitCode: number }) => void = () => {};

  constructor(found: Found, around: FoundSurroundings) {
    this.id = around.id;
    this.file = around.file;
    this.#around = around;
    this.#container = found.container;
    this.#clock = startClock(BigInt(Math.round(found.at * 1e6)));
    this.#redactor = createRedactor({ env: [], command: [...found.command, ...scriptWords(found.command)] });
    this.#trace = this.#openTrace(found);
    this.#inits = new InitLook(around.look, (record) => this.#trace.add(record), this.#clock.now);
    this.done = new Promise((resolve) => {
      this.#finish = resolve;
    });
    this.sink = {
      originNs: this.#clock.monotonicNs,
      take: (record) => this.#take(record),
      closed: () => this.close(),
    };
    this.tell = createTeller({
      add: (record) => this.#trace.add(record),
      newSpan: () => this.#trace.newSpan(),
      now: this.#clock.now,
    });
    this.#trace.subscribe((events) => this.#noticed(events));
  }

  get header(): TraceHeader {
    return this.#trace.header;
  }

  get events(): readonly TraceEvent[] {
    return this.#trace.events;
  }

  get closed(): boolean {
    return this.#trace.closed;
  }

  summary(): RunSummary {
    const { title, via, command, startedAt } = this.header;
    return {
      id: this.id,
      title,
      via,
      command,
      startedAt,
      state: this.closed ? 'finished' : 'running',
      ...(this.#container ? { container: this.#container } : {}),
      ...(this.closed ? { exitCode: this.#exitCode } : {}),
      events: this.events.length,
      tty: false,
      interactive: false,
    };
  }

  subscribe(listener: TraceListener): () => void {
    return this.#trace.subscribe(listener);
  }

  attach(): () => void {
    return () => {};
  }

  input(): void {
    throw notOurs();
  }

  endInput(): void {}

  resize(): void {}

  release(): void {}

  stop(): Promise<void> {
    return Promise.reject(notOurs());
  }

  async remove(): Promise<void> {
    this.close();
  }

  close(): void {
    if (this.closed) return;
    this.#inits.stop();
    this.#trace.close();
    this.#around.changed();
    this.#finish({ exitCode: this.#exitCode });
  }

  #openTrace(found: Found): GrowingTrace {
    const { createWeave, outside } = this.#around;
    const header = this.#redactor.header(this.#header(found));
    return growTrace({
      header,
      now: this.#clock.now,
      createWeave,
      outside,
      redactor: this.#redactor,
      writer: createTraceWriter(this.file, header),
    });
  }

  #header({ command, container }: Found): TraceHeader {
    const { startedAt, monotonicNs, wallMs } = this.#clock;
    return {
      underdock: FORMAT_VERSION,
      id: this.id,
      title: (command.join(' ') || `container ${container?.slice(0, 12) ?? ''}`).slice(0, 200),
      via: 'watch',
      command: command.slice(0, 1000),
      startedAt,
      clock: { monotonicNs: String(monotonicNs), wallMs },
      host: this.#around.host,
      watchers: [...this.#around.watchers],
      redacted: [],
    };
  }

  #take(record: RawRecord): void {
    if (record.kind === 'read-back') this.#redactor.learnEnv(environmentOf(record.data.config));
    this.#trace.add(record);
    if (record.kind === 'call' && record.protocol === 'http' && record.side === 'server')
      this.#engine = record.pid;
    if (record.kind !== 'root' || !record.container) return;
    if (record.verb === 'create' && record.role === 'runtime') void this.#askEngine(record.container);
    if (this.#container) return;
    this.#container = record.container;
    this.#around.changed();
  }

  /** While a container is started its engine answers as soon as that is done. */
  async #askEngine(container: string): Promise<void> {
    if (this.#engine === undefined) return;
    const { engineLook } = this.#around;
    try {
      const records = await engineLook.container(this.#engine, container, this.#clock.now);
      for (const record of records) this.#trace.add(record);
    } catch (error) {
      const at = this.#clock.now();
      const why = faultOf(error);
      this.#trace.add({ kind: 'lost', at, layer: 'engine', name: 'inspect', count: 1, why });
    }
  }

  #noticed(events: readonly TraceEvent[]): void {
    for (const { step, type, data } of events) {
      if (step === 'client/command' && type === 'end') this.#exitCode = Number(data.exitCode ?? 0);
    }
    this.#inits.events(events);
  }
}

/** What a word that is a script of its own (`sh -c '…'`) says word by word: its secrets are to be known before it is written down. */
export function scriptWords(command: readonly string[]): string[] {
  return command.filter((word) => /\s/.test(word)).flatMap((word) => word.split(/[\s'";]+/));
}

/** The environment in an OCI runtime config. */
export function environmentOf(config: unknown): string[] {
  const env = (config as { process?: { env?: unknown } } | undefined)?.process?.env;
  return Array.isArray(env) ? env.filter((entry) => typeof entry === 'string') : [];
}

function notOurs(): RunError {
  return new RunError('not-ours', 'this run was started by somebody else: underdock only watches it', {
    remedy: 'use the program that started it',
  });
}
