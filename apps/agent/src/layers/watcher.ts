import type { Layer, WatcherState } from '@underdock/trace';
import type { RawRecord } from '@underdock/weave';

/** Takes records whose `at` is in ms on the follower's own trace clock. */
export type Follower = (record: RawRecord) => void;

/** Observes one layer for all runs of an agent: starts once, hands records to those who follow, stops. */
export interface Watcher {
  readonly layer: Layer;
  /** What fills the part: `bpftrace`, `strace`, `none`. Final once `start` has resolved. */
  readonly name: string;
  /** Whether it works here and, if not, why and what to do about it. Changes are told by `onState`. */
  readonly state: WatcherState;
  /** Resolves, never rejects, when records can be expected or when it is clear that none will come. */
  start(): Promise<WatcherState>;
  /**
   * From now on every record goes to `follower`, its `at` counted from `originNs` (CLOCK_MONOTONIC in ns, the trace
   * header's `clock.monotonicNs`). Returns how to stop following.
   */
  follow(originNs: bigint, follower: Follower): () => void;
  /**
   * True when everything that happened before the call has been handed to the followers; false when the source lagged
   * behind for longer than `timeoutMs` (2 s).
   */
  settle(timeoutMs?: number): Promise<boolean>;
  /** Ends what it started and resolves when that is gone. */
  stop(): Promise<void>;
}

/** The kernel's watcher: one probe, or, where that can't be, something to be put in front of each command that is started. */
export interface KernelWatch extends Watcher {
  /**
   * The command to spawn in place of `argv` so that it is watched; `argv` itself when a probe watches from outside.
   * The spawned pid is that of the command in both cases.
   */
  wrap(argv: readonly string[]): string[];
}
