import type { RawRecord } from '@underdock/weave';
import type { Follower } from '../layers/watcher.ts';

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
    for (const { originMs, take } of this.#followers) take({ ...record, at: record.at - originMs });
    if (record.kind !== 'clock') return;
    for (const waiting of this.#settling) {
      if (record.at <= waiting.until) continue;
      this.#settling.delete(waiting);
      waiting.done();
    }
  }

  /** Resolves when a heartbeat later than `until` (ms of CLOCK_MONOTONIC) has come, or after `timeoutMs`. */
  settle(until: number, timeoutMs: number): Promise<void> {
    return new Promise((resolve) => {
      const timer = setTimeout(() => finish(), timeoutMs);
      const waiting = { until, done: () => finish() };
      const finish = () => {
        clearTimeout(timer);
        this.#settling.delete(waiting);
        resolve();
      };
      this.#settling.add(waiting);
    });
  }

  /** Lets go of all who wait: no heartbeat will come any more. */
  release(): void {
    for (const waiting of this.#settling) waiting.done();
  }
}
