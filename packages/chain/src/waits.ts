import type { TraceEvent } from '@underdock/trace';

/** A time in which nothing was seen to happen anywhere; instants in ms. */
export interface Wait {
  from: number;
  to: number;
}

/** The waits of at least so many ms between the events of a trace; `events` are in reading order. */
export function waitsOf(events: readonly TraceEvent[], leastMs: number): Wait[] {
  const waits: Wait[] = [];
  for (let i = 1; i < events.length; i++) {
    const [from, to] = [events[i - 1]!.at, events[i]!.at];
    if (to - from >= leastMs) waits.push({ from, to });
  }
  return waits;
}

/** The time of a trace on a line from 0 to 1; with `longestMs` no wait takes more of it than that much time. */
export class TimeAxis {
  /** ms of both ends. */
  readonly from: number;
  readonly to: number;
  /** The time that is left out, ms. */
  readonly leftOutMs: number;
  readonly #waits: readonly Wait[];
  readonly #longestMs: number;
  /** Left out before the end of each wait, ms. */
  readonly #before: number[] = [];

  /** `waits` in order, between `from` and `to`. */
  constructor(from: number, to: number, waits: readonly Wait[] = [], longestMs = Number.POSITIVE_INFINITY) {
    this.from = from;
    this.to = Math.max(to, from);
    this.#waits = waits.filter((wait) => wait.to - wait.from > longestMs);
    this.#longestMs = longestMs;
    let leftOut = 0;
    for (const wait of this.#waits) {
      leftOut += wait.to - wait.from - longestMs;
      this.#before.push(leftOut);
    }
    this.leftOutMs = leftOut;
  }

  /** The time that the line shows, ms. */
  get shownMs(): number {
    return this.to - this.from - this.leftOutMs;
  }

  /** The waits that are shortened. */
  get shortened(): readonly Wait[] {
    return this.#waits;
  }

  /** Where an instant lies. */
  partOf(at: number): number {
    if (this.shownMs <= 0) return 0;
    const index = this.#waitFrom(at);
    const wait = this.#waits[index];
    const before = index > 0 ? this.#before[index - 1]! : 0;
    if (!wait || at <= wait.from) return (at - this.from - before) / this.shownMs;
    const inside = ((at - wait.from) / (wait.to - wait.from)) * this.#longestMs;
    return (wait.from - this.from - before + inside) / this.shownMs;
  }

  /** The instant at a place of the line, ms. */
  atPart(part: number): number {
    const shown = part * this.shownMs + this.from;
    let leftOut = 0;
    for (const [index, wait] of this.#waits.entries()) {
      const begins = wait.from - leftOut;
      if (shown <= begins) break;
      if (shown < begins + this.#longestMs) {
        return wait.from + ((shown - begins) / this.#longestMs) * (wait.to - wait.from);
      }
      leftOut = this.#before[index]!;
    }
    return shown + leftOut;
  }

  /** Index of the first wait that ends after an instant. */
  #waitFrom(at: number): number {
    let low = 0;
    let high = this.#waits.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      if (this.#waits[middle]!.to <= at) low = middle + 1;
      else high = middle;
    }
    return low;
  }
}
