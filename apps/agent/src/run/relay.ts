import type { WatcherState } from '@underdock/trace';
import { type Claim, createSorter, type Found, type RawRecord } from '@underdock/weave';
import type { Follower, Watcher } from '../layers/watcher.ts';

/** Who takes a found run’s records, on that run’s own clock, and hears of its end. */
export interface FoundSink {
  /** CLOCK_MONOTONIC at the run’s `at` = 0, ns. */
  originNs: bigint;
  take: Follower;
  closed(): void;
}

/** A run of the agent’s own that engines do the work for. */
export interface Joined {
  /** It sends this request now, on its own clock. */
  request(at: number, method: string, path: string, query?: string): void;
  container(id: string, name?: string): void;
  process(pid: number): void;
  leave(): void;
}

/** Brings what is seen on the host to the runs that it belongs to. */
export interface Relay {
  /** What watches, as a trace’s header says it. */
  readonly states: readonly WatcherState[];
  /** From now on `take` gets what belongs to a run of the agent’s own. */
  join(key: string, originNs: bigint, take: Follower): Joined;
  /** From now on runs that others start are offered to `found`. Returns how to stop. */
  watch(found: (found: Found) => FoundSink | undefined): () => void;
  /** True when everything that happened before the call has reached its run, false after `timeoutMs`. */
  settle(timeoutMs: number): Promise<boolean>;
  stop(): void;
}

const TICK_MS = 50;
const nowMs = () => Number(process.hrtime.bigint()) / 1e6;

/** Follows the watchers, which are started already, and sorts what they say. */
export function createRelay(watchers: readonly Watcher[], agentPid: number): Relay {
  return new HostRelay(watchers, agentPid);
}

class HostRelay implements Relay {
  readonly #watchers: readonly Watcher[];
  readonly #sinks = new Map<string, { originMs: number; take: Follower; closed?: () => void }>();
  readonly #timer: NodeJS.Timeout;
  readonly #unfollow: (() => void)[];
  #found: ((found: Found) => FoundSink | undefined) | undefined;
  readonly #sorter;

  constructor(watchers: readonly Watcher[], agentPid: number) {
    this.#watchers = watchers;
    this.#sorter = createSorter({
      agentPid,
      opened: (found) => this.#opened(found),
      give: (key, record) => this.#give(key, record),
      closed: (key) => this.#closed(key),
    });
    this.#unfollow = watchers.map((watcher) => watcher.follow(0n, (record) => this.#sorter.add(record)));
    this.#timer = setInterval(() => this.#sorter.tick(), TICK_MS);
    this.#timer.unref();
  }

  get states(): readonly WatcherState[] {
    return this.#watchers.map((watcher) => watcher.state);
  }

  join(key: string, originNs: bigint, take: Follower): Joined {
    const originMs = Number(originNs) / 1e6;
    const claim: Claim = this.#sorter.claim(key);
    this.#sinks.set(key, { originMs, take });
    return {
      ...claim,
      request: (at, ...rest) => claim.request(at + originMs, ...rest),
      leave: () => {
        claim.leave();
        this.#sinks.delete(key);
      },
    };
  }

  watch(found: (found: Found) => FoundSink | undefined): () => void {
    this.#found = found;
    return () => {
      if (this.#found === found) this.#found = undefined;
    };
  }

  async settle(timeoutMs: number): Promise<boolean> {
    const until = nowMs();
    const whole = await Promise.all(this.#watchers.map((watcher) => watcher.settle(timeoutMs)));
    while (this.#sorter.doneAt < until && nowMs() - until < timeoutMs)
      await new Promise((resolve) => setTimeout(resolve, TICK_MS / 2));
    return whole.every((one) => one) && this.#sorter.doneAt >= until;
  }

  stop(): void {
    clearInterval(this.#timer);
    for (const unfollow of this.#unfollow) unfollow();
  }

  #opened(found: Found): void {
    const sink = this.#found?.(found);
    if (!sink) return;
    const { originNs, take, closed } = sink;
    this.#sinks.set(found.key, { originMs: Number(originNs) / 1e6, take, closed });
  }

  #give(key: string, record: RawRecord): void {
    const sink = this.#sinks.get(key);
    sink?.take({ ...record, at: record.at - sink.originMs });
  }

  #closed(key: string): void {
    const sink = this.#sinks.get(key);
    this.#sinks.delete(key);
    sink?.closed?.();
  }
}
