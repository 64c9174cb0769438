import type { TraceEvent, TraceHeader } from '@underdock/trace';

/** How a trace stands at this moment: a new object for each change. */
export interface TraceSnapshot {
  header: TraceHeader | undefined;
  /** In writing order (seq). The same growing list until `reset` counts up. */
  events: readonly TraceEvent[];
  /** Counts how often the list began anew: another recording came under the same name. */
  reset: number;
  /** True once everything that existed when the page asked has arrived: what follows is live. */
  caughtUp: boolean;
  /** The trace will not grow any more. */
  closed: boolean;
  /** Why the trace can't be had, in words, and what to do. */
  problem: { message: string; remedy?: string | undefined } | undefined;
}

/** Where a trace comes from: live over the socket, or a file. The player and the views see this alone. */
export interface TraceSource {
  snapshot(): TraceSnapshot;
  /** Calls back after each change; returns how to stop listening. */
  subscribe(listener: () => void): () => void;
  close(): void;
}
