import type { TraceEvent } from '@underdock/trace';
import type { Followable } from './storedTrace.ts';

/** Where a follower's batches go. */
export interface Outlet {
  send(events: TraceEvent[], closed: boolean): void;
  /** Resolves when what was sent before has left this process: a slow reader slows only himself. */
  drained(): Promise<void>;
}

/** One message holds no more than this many events, nor many more characters of JSON than this. */
export const MAX_BATCH_EVENTS = 500;
export const MAX_BATCH_CHARACTERS = 256 * 1024;
/** Events that come within this time (ms) travel together. */
const GATHER_MS = 15;

/** Sends a run's events from `fromSeq` on, in order and in batches, until the run is closed or `stop` is called. */
export class Follower {
  #at: number;
  #awake = false;
  #stopped = false;
  readonly #run: Followable;
  readonly #outlet: Outlet;
  readonly #unsubscribe: () => void;

  constructor(run: Followable, fromSeq: number, outlet: Outlet) {
    this.#run = run;
    this.#outlet = outlet;
    this.#at = fromSeq - 1;
    this.#unsubscribe = run.subscribe(() => this.#wake());
    this.#wake();
  }

  stop(): void {
    this.#stopped = true;
    this.#unsubscribe();
  }

  #wake(): void {
    if (this.#awake || this.#stopped) return;
    this.#awake = true;
    void this.#pump();
  }

  async #pump(): Promise<void> {
    while (!this.#stopped) {
      await this.#outlet.drained();
      const { events, closed } = this.#run;
      const batch = nextBatch(events, this.#at);
      this.#at += batch.length;
      const told = closed && this.#at >= events.length;
      if (batch.length === 0 && !told) break;
      if (this.#stopped) break;
      this.#outlet.send(batch, told);
      if (told) return this.stop();
      if (this.#at >= this.#run.events.length) await gather();
    }
    this.#awake = false;
  }
}

function gather(): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, GATHER_MS));
}

// A hundred followers measure each event once.
const sizes = new WeakMap<TraceEvent, number>();

function nextBatch(events: readonly TraceEvent[], from: number): TraceEvent[] {
  const batch: TraceEvent[] = [];
  let characters = 0;
  for (let i = from; i < events.length && batch.length < MAX_BATCH_EVENTS; i++) {
    const event = events[i]!;
    const size = sizes.get(event) ?? JSON.stringify(event).length;
    sizes.set(event, size);
    if (batch.length > 0 && characters + size > MAX_BATCH_CHARACTERS) break;
    batch.push(event);
    characters += size;
  }
  return batch;
}
