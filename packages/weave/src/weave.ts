import type { TraceEvent } from '@underdock/trace';
import type { RawRecord } from './record.ts';

/** What a weave is given: time, where events go, and what the host looks like from outside any container. */
export interface WeaveOptions {
  /** The present instant on the trace's clock, in ms. */
  now: () => number;
  /** Called once per event, in writing order: seq 1, 2, 3 … */
  emit: (event: TraceEvent) => void;
  /** The host's namespaces by kind (`mnt`, `pid`, `net` …) to inode: readlink /proc/self/ns/* of the agent. */
  hostNamespaces?: Record<string, number>;
}

/** Turns the raw records of one run into the events of its trace. */
export interface Weave {
  /** A span id that is unused in this trace. */
  newSpan(): string;
  /** Takes a record in any order; events come out sorted as far as heartbeats and 200 ms of patience allow. */
  add(record: RawRecord): void;
  /** To be called every 50 ms or so: writes what has waited long enough even when nothing new comes in. */
  tick(): void;
  /** Writes everything that waits and an `end` with `data.open` for each open span. Nothing may be added afterwards. */
  close(at: number): void;
}

/** A weave for one run. Records of processes that are outside the run's lineage are passed over. */
export declare function createWeave(options: WeaveOptions): Weave;
