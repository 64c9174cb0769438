import type { RawRecord } from '@underdock/weave';
import type { Follower } from '../layers/watcher.ts';
import { faultOf } from './lostCount.ts';

/** Hands a record to one follower. A fault in it is told to it as a lost record, and is nobody else's. */
export function give(record: RawRecord, take: Follower): void {
  try {
    take(record);
  } catch (error) {
    try {
      take({ kind: 'lost', at: record.at, layer: 'kernel', name: 'trace', count: 1, why: faultOf(error) });
    } catch {
      // Its trace takes nothing any more: whoever closes it hears of it.
    }
  }
}

/** Hands each record to every follower, its instant converted to the follower's clock. */
export class FanOut {
  #followers = new Set<{ originMs: number; take: Follower }>();
  #settling = new Set<{ until: number; done: () => void }>();
  /** The last heartbeat, in ms of CLOCK_MONOTONIC. */
  #clock: Extract<RawRecord, { kind: 'clock' }> | undefined;

  follow(originNs: bigint, take: Follower): () => void {
    const follower = { originMs: Number(originNs) / 1e6, take };
    this.#followers.add(follower);
    // A follower knows from the start that this source's records come with some delay.
    if (this.#clock) take({ ...this.#clock, at: this.#clock.at - follower.originMs });
    return () => this.#followers.delete(follower);
  }

  /** `record.at` is in ms of CLOCK_MONOTONIC. */
  push(record: RawRecord): void {
    if (record.kind === 'clock') this.#clock = record;
    for (const { originMs, take } of this.#followers) give({ ...record, at: record.at - originMs }, take);
    if (record.kind !== 'clock') return;
    for (const waiting of this.#settling) {
      if (record.at <= waiting.until) continue;
      this.#settling.delete(waiting);
      waiting.done();
    }
  }

  /** True when a heartbeat later than `until` (ms of CLOCK_MONOTONIC) has come, false after `timeoutMs` without one. */
  settle(until: number, timeoutMs: number): Promise<boolean> {
    return new Promise((resolve) => {
      const timer = setTimeout(() => finish(false), timeoutMs);
      const waiting = { until, done: () => finish(true) };
      const finish = (whole: boolean) => {
        clearTimeout(timer);
        this.#settling.delete(waiting);
        resolve(whole);
      };
      this.#settling.add(waiting);
    });
  }

  /** Lets go of all who wait: no heartbeat will come any more. */
  release(): void {
    for (const waiting of this.#settling) waiting.done();
  }
}
