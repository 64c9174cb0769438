import type { WatcherState } from '@underdock/trace';
import type { Follower, KernelWatch } from '../watcher.ts';
import { BpftraceWatch } from './bpftraceWatch.ts';
import { StraceWatch } from './straceWatch.ts';

/** What the kernel's watcher needs to know. */
export interface KernelWatchOptions {
  /** The agent's own pid: its descendants are watched, the probe itself is not. */
  agentPid: number;
  /** Told when the watcher comes or goes after `start`. */
  onState?: (state: WatcherState) => void;
  /** Use this one rather than the best that works here. */
  only?: 'bpftrace' | 'strace';
}

/** Picks bpftrace when this is root and it can be used, else strace on what we start, else nothing (a declared gap). */
export function createKernelWatch(options: KernelWatchOptions): KernelWatch {
  return new BestWatch(options);
}

class BestWatch implements KernelWatch {
  readonly layer = 'kernel';
  #options: KernelWatchOptions;
  #chosen: KernelWatch;
  constructor(options: KernelWatchOptions) {
    this.#options = options;
    this.#chosen = new BpftraceWatch(options);
  }

  get name(): string {
    return this.#chosen.state.name;
  }

  get state(): WatcherState {
    return this.#chosen.state;
  }

  async start(): Promise<WatcherState> {
    const { only } = this.#options;
    const state =
      only === 'strace' ? { state: 'missing', why: 'it was asked for' } : await this.#chosen.start();
    if (state.state === 'missing' && only !== 'bpftrace') {
      this.#chosen = new StraceWatch(state.why ?? '');
      await this.#chosen.start();
    }
    return this.#chosen.state;
  }

  wrap(argv: readonly string[]): string[] {
    return this.#chosen.wrap(argv);
  }

  follow(originNs: bigint, follower: Follower): () => void {
    return this.#chosen.follow(originNs, follower);
  }

  settle(timeoutMs?: number): Promise<boolean> {
    return this.#chosen.settle(timeoutMs);
  }

  stop(): Promise<void> {
    return this.#chosen.stop();
  }
}
