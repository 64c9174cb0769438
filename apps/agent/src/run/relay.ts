import { existsSync } from 'node:fs';
import type { WatcherState } from '@underdock/trace';
import { type Claim, createSorter, type Found, type RawRecord } from '@underdock/weave';
import { courtesy } from '../courtesy.ts';
import { Bundles } from '../layers/4-low-level/bundles.ts';
import type { Follower, Watcher } from '../layers/watcher.ts';
import { give } from '../probe/fanOut.ts';
import { hostNamespaces } from './host.ts';

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
  /** What happens from now on waits, until what is returned is called: only then is it known whose it is. */
  expects(): () => void;
  leave(): void;
}

/** Brings what is seen on the host to the runs that it belongs to. */
export interface Relay {
  /** What watches, as a trace’s header says it. */
  readonly states: readonly WatcherState[];
  /** Starts what watches engines and clients, once: the first call takes seconds. Never rejects. */
  begin(): Promise<void>;
  /** From now on `take` gets what belongs to a run of the agent’s own. */
  join(key: string, originNs: bigint, take: Follower): Joined;
  /** From now on `sink` gets what a command causes that is started for the recording `key`. Returns how to end it. */
  record(key: string, sink: FoundSink): () => void;
  /** From now on runs that others start are offered to `found`. Returns how to stop. */
  watch(found: (found: Found) => FoundSink | undefined): () => void;
  /** True when everything that happened before the call has reached its run, false after `timeoutMs`. */
  settle(timeoutMs: number): Promise<boolean>;
  stop(): Promise<void>;
}

/** strace watches what underdock starts; an engine’s processes are not its children. */
function unseen({ layer, name, why }: WatcherState): WatcherState {
  return {
    layer,
    name,
    state: 'missing',
    why: `what an engine does in the kernel is not seen: ${why ?? ''}`,
  };
}

const TICK_MS = 50;
const nowMs = () => Number(process.hrtime.bigint()) / 1e6;

/** Follows the kernel’s watcher, which is started already, and those of engines and clients, which it starts and stops. */
export function createRelay(kernel: Watcher, others: readonly Watcher[], agentPid: number): Relay {
  return new HostRelay(kernel, others, agentPid);
}

class HostRelay implements Relay {
  readonly #watchers: readonly Watcher[];
  readonly #others: readonly Watcher[];
  #begun: Promise<unknown> | undefined;
  readonly #sinks = new Map<string, { originMs: number; take: Follower; closed?: () => void }>();
  readonly #timer: NodeJS.Timeout;
  readonly #unfollow: (() => void)[];
  #found: ((found: Found) => FoundSink | undefined) | undefined;
  readonly #sorter;
  readonly #bundles = new Bundles(hostNamespaces().pid);

  constructor(kernel: Watcher, others: readonly Watcher[], agentPid: number) {
    const watchers = [kernel, ...others];
    this.#watchers = watchers;
    this.#others = others;
    this.#sorter = createSorter({
      agentPid,
      opened: (found) => this.#opened(found),
      give: (key, record) => this.#give(key, record),
      closed: (key) => this.#closed(key),
      isAlive: (pid) => existsSync(`/proc/${pid}`),
    });
    this.#unfollow = watchers.map((watcher) => watcher.follow(0n, (record) => this.#take(record)));
    this.#timer = setInterval(() => this.#sorter.tick(), TICK_MS);
    this.#timer.unref();
  }

  get states(): readonly WatcherState[] {
    return this.#watchers.map(({ state }) => (state.name === 'strace' ? unseen(state) : state));
  }

  async begin(): Promise<void> {
    this.#begun ??= Promise.all(this.#others.map((watcher) => watcher.start()));
    await this.#begun;
    courtesy.begin();
  }

  join(key: string, originNs: bigint, take: Follower): Joined {
    const originMs = Number(originNs) / 1e6;
    const claim: Claim = this.#sorter.claim(key);
    this.#sinks.set(key, { originMs, take });
    return {
      ...claim,
      request: (at, ...rest) => claim.request(at + originMs, ...rest),
      expects: () => claim.expects(nowMs()),
      leave: () => {
        claim.leave();
        this.#sinks.delete(key);
      },
    };
  }

  record(key: string, { originNs, take, closed }: FoundSink): () => void {
    this.#sinks.set(key, { originMs: Number(originNs) / 1e6, take, closed });
    const end = this.#sorter.record(key, nowMs());
    return () => {
      end();
      this.#sinks.delete(key);
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

  async stop(): Promise<void> {
    clearInterval(this.#timer);
    courtesy.end();
    for (const unfollow of this.#unfollow) unfollow();
    this.#bundles.close();
    await Promise.all(this.#others.map((watcher) => watcher.stop()));
  }

  #take(record: RawRecord): void {
    this.#sorter.add(record);
    if (record.kind === 'clock') courtesy.lag(record.source, nowMs() - record.at);
  }

  #opened(found: Found): void {
    const sink = this.#offer(found);
    if (!sink) return;
    const { originNs, take, closed } = sink;
    this.#sinks.set(found.key, { originMs: Number(originNs) / 1e6, take, closed });
  }

  /** A run whose trace can’t be written, on a full disk say, is not shown; the others go on. */
  #offer(found: Found): FoundSink | undefined {
    try {
      return this.#found?.(found);
    } catch {
      return undefined;
    }
  }

  #give(key: string, record: RawRecord): void {
    const sink = this.#sinks.get(key);
    if (!sink) return;
    const take = (one: RawRecord | undefined) =>
      one && give({ ...one, at: one.at - sink.originMs }, sink.take);
    if (record.kind === 'exit') take(this.#bundles.ended(record));
    take(record);
    if (record.kind === 'root') take(this.#bundles.begun(record));
  }

  #closed(key: string): void {
    const sink = this.#sinks.get(key);
    this.#sinks.delete(key);
    sink?.closed?.();
  }
}
