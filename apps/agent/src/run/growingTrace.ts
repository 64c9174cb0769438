import type { TraceEvent, TraceHeader } from '@underdock/trace';
import type { RawRecord, Weave, WeaveOptions } from '@underdock/weave';
import type { Redactor } from './redact.ts';
import type { TraceWriter } from './store.ts';

/** From so many events on, the trace of a container that lives long takes no more of what it does in the kernel. */
export const MOST_EVENTS = 100_000;
const TICK_MS = 50;

/** Called with new events, and once with `closed`. */
export type TraceListener = (events: readonly TraceEvent[], closed: boolean) => void;

/** A trace that is being written: records go in, redacted events come out, to the file first and then to listeners. */
export interface GrowingTrace {
  readonly header: TraceHeader;
  readonly events: readonly TraceEvent[];
  readonly closed: boolean;
  newSpan(): string;
  add(record: RawRecord): void;
  /** Calls back with each batch; returns how to stop. */
  subscribe(listener: TraceListener): () => void;
  /** Writes everything that waits, ends open acts, closes the file. */
  close(): void;
}

/** What a trace grows from. */
export interface GrowingTraceOptions {
  header: TraceHeader;
  now: () => number;
  createWeave: (options: WeaveOptions) => Weave;
  /** What the host looks like from outside any container. */
  outside: Omit<WeaveOptions, 'emit'>;
  redactor: Redactor;
  writer: TraceWriter;
  maxEvents?: number;
}

/** Opens a trace; its header is redacted and written by the caller. */
export function growTrace(options: GrowingTraceOptions): GrowingTrace {
  return new Growing(options);
}

class Growing implements GrowingTrace {
  readonly header: TraceHeader;
  readonly events: TraceEvent[] = [];
  closed = false;
  #options: GrowingTraceOptions;
  #weave: Weave;
  #listeners = new Set<TraceListener>();
  #sent = 0;
  #passedOver = 0;
  #unwritten = false;
  #due: NodeJS.Immediate | undefined;
  #timer: NodeJS.Timeout;

  constructor(options: GrowingTraceOptions) {
    this.#options = options;
    this.header = options.header;
    this.#weave = options.createWeave({
      emit: (event) => {
        this.events.push(redacted(event, options.redactor));
        this.#soon();
      },
      ...options.outside,
    });
    this.#timer = setInterval(() => this.#tick(), TICK_MS);
  }

  newSpan(): string {
    return this.#weave.newSpan();
  }

  add(record: RawRecord): void {
    if (this.closed) return;
    const share = this.events.length / (this.#options.maxEvents ?? MOST_EVENTS);
    if (share >= (ROOM[record.kind] ?? Number.POSITIVE_INFINITY)) {
      if (this.#passedOver++ === 0) this.#sayFull();
      return;
    }
    this.#weave.add(record);
  }

  subscribe(listener: TraceListener): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  close(): void {
    if (this.closed) return;
    clearInterval(this.#timer);
    if (this.#passedOver > 0) this.#lost(this.#passedOver);
    this.#redacted();
    this.#weave.close(this.#options.now());
    this.closed = true;
    this.#deliver();
    this.#options.writer.close();
    this.#listeners.clear();
  }

  #tick(): void {
    this.#redacted();
    this.#weave.tick();
    this.#deliver();
  }

  /** What is woven together goes out together, as soon as the records at hand are all woven. */
  #soon(): void {
    this.#due ??= setImmediate(() => this.#deliver());
  }

  #deliver(): void {
    clearImmediate(this.#due);
    this.#due = undefined;
    const fresh = this.events.slice(this.#sent);
    if (fresh.length === 0 && !this.closed) return;
    this.#sent = this.events.length;
    this.#options.writer.append(fresh);
    this.#sayUnwritten();
    for (const listener of [...this.#listeners]) {
      try {
        listener(fresh, this.closed);
      } catch {
        // Who can't take events any more gets none; the trace goes on.
        this.#listeners.delete(listener);
      }
    }
  }

  /** Who looks on is told that what comes now is not kept. */
  #sayUnwritten(): void {
    const { fault } = this.#options.writer;
    if (!fault || this.#unwritten || this.closed) return;
    this.#unwritten = true;
    const why = `${fault.message}: ${fault.remedy}; what comes now is only shown`.slice(0, 1000);
    const at = this.#options.now();
    this.#weave.add({ kind: 'watcher', at, layer: 'client', name: 'trace', state: 'missing', why });
  }

  #redacted(): void {
    for (const what of this.#options.redactor.takeNew()) {
      this.#say('trace/redacted', 'client', { what });
    }
  }

  #sayFull(): void {
    const why = `the trace has ${this.events.length} events: what still happens to the container is only counted`;
    const at = this.#options.now();
    this.#weave.add({ kind: 'watcher', at, layer: 'kernel', name: 'trace', state: 'missing', why });
  }

  #lost(count: number): void {
    this.#weave.add({ kind: 'lost', at: this.#options.now(), layer: 'kernel', name: 'trace', count });
  }

  #say(step: string, layer: 'client', data: Record<string, unknown>): void {
    const actor = { name: 'underdock', pid: process.pid };
    this.#weave.add({ kind: 'self', at: this.#options.now(), type: 'log', step, layer, actor, data });
  }
}

/** What can't be redacted is not shown: its place is taken by a word about that. */
function redacted(event: TraceEvent, redactor: Redactor): TraceEvent {
  try {
    return redactor.event(event);
  } catch (error) {
    const { seq, at } = event;
    const why = `an event could not be redacted (${error instanceof Error ? error.name : 'unknown'})`;
    const data = { name: 'redactor', count: 1, why };
    return {
      seq,
      at,
      type: 'log',
      step: 'trace/lost-records',
      layer: 'client',
      actor: { name: 'underdock' },
      data,
      evidence: [{ source: 'self', raw: data }],
      grade: 'observed',
    };
  }
}

/**
 * Kinds of records that are made without end, by a busy container or by what engines do for one that lives for weeks, and up
 * to which share of the most events they are taken: what tells of its end comes last.
 */
const ROOM: Partial<Record<RawRecord['kind'], number>> = {
  syscall: 1,
  fork: 1,
  exec: 1,
  cgroup: 1,
  call: 1.1,
  root: 1.1,
  'engine-event': 1.5,
};
