import type { RawRecord } from './record.ts';

/** How many ticks (50 ms each) a record waits at most for older ones: a probe on a busy machine can lag by seconds. */
const PATIENCE = 40;
/** So many ticks records wait at most for an answer that says whose they are: a call that hangs is of one run, and all wait. */
const HELD = 160;
/** underdock's own records of the same instant may come a little after a heartbeat. */
const SLACK_MS = 5;

/**
 * Holds records until nothing older can come, as the sources' heartbeats promise, or until patience ends. Patience is
 * counted in ticks, not by the clock: when the whole program was held up, its sources were too.
 */
export class Order {
  #waiting: { record: RawRecord; order: number; ticks: number }[] = [];
  #clocks = new Map<string, number>();
  #holds = new Set<{ at: number; ticks: number }>();
  #count = 0;
  #take: (record: RawRecord) => void;
  readonly #patience: number;
  readonly #slackMs: number;
  /** `patience` is in ticks; `slackMs` is how long after a heartbeat a record of an earlier instant may still come. */
  constructor(take: (record: RawRecord) => void, { patience = PATIENCE, slackMs = SLACK_MS } = {}) {
    this.#take = take;
    this.#patience = patience;
    this.#slackMs = slackMs;
  }

  /** Everything up to this instant has been passed on, by the sources’ promise. */
  get doneAt(): number {
    const held = [...this.#holds].map(({ at }) => at);
    return Math.min(...this.#clocks.values(), ...held) - this.#slackMs;
  }

  /** Keeps back what happens from `at` on, for some seconds at most, until what is returned is called. */
  hold(at: number): () => void {
    const held = { at, ticks: 0 };
    this.#holds.add(held);
    return () => void this.#holds.delete(held);
  }

  add(record: RawRecord): void {
    if (record.kind === 'clock') {
      this.#clocks.set(record.source, record.at);
    } else {
      if (record.kind === 'watcher' && record.state === 'missing') this.#clocks.delete(record.name);
      this.#waiting.push({ record, order: this.#count++, ticks: 0 });
    }
    if (record.kind === 'clock' || this.#clocks.size === 0) this.#release(false);
  }

  tick(): void {
    for (const waiting of this.#waiting) waiting.ticks++;
    for (const held of this.#holds) if (++held.ticks >= HELD) this.#holds.delete(held);
    this.#release(false);
  }

  flush(): void {
    this.#release(true);
  }

  #release(all: boolean): void {
    const until = all ? Number.POSITIVE_INFINITY : this.doneAt;
    this.#waiting.sort((a, b) => a.record.at - b.record.at || a.order - b.order);
    // One that has lost patience takes all older ones along.
    let end = this.#waiting.findLastIndex((w) => w.ticks >= this.#patience) + 1;
    while (end < this.#waiting.length && (this.#waiting[end]?.record.at ?? 0) <= until) end++;
    for (const { record } of this.#waiting.splice(0, end)) this.#take(record);
  }
}
