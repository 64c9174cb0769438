import type { WatcherState } from '@underdock/trace';
import type { KernelWatch } from '../watcher.ts';

/** What the kernel's watcher needs to know. */
export interface KernelWatchOptions {
  /** The agent's own pid: its descendants are watched, the probe itself is not. */
  agentPid: number;
  /** Told when the watcher comes or goes after `start`. */
  onState?: (state: WatcherState) => void;
}

/** Picks bpftrace when this is root and it can be used, else strace on what we start, else nothing (a declared gap). */
export declare function createKernelWatch(options: KernelWatchOptions): KernelWatch;
