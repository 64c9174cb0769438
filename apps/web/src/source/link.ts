import type { DoctorReport, RunSummary } from '@underdock/trace';
import type { TraceSource } from './traceSource.ts';

/**
 * `refused`: the agent is there and does not accept this page's token; `none`: this page was served by no agent and asks
 * nobody; anything else is tried again by itself.
 */
export type LinkState = 'connecting' | 'connected' | 'lost' | 'refused' | 'none';

/** What the agent has said so far; a new object for each change. What was known stays while the agent is away. */
export interface LinkSnapshot {
  state: LinkState;
  /** The agent answered this page at least once. */
  wasConnected: boolean;
  /** What this page's token allows. */
  role: 'drive' | 'watch' | undefined;
  /** Newest first; undefined until the agent has said it. Traces that were opened in the page come first of all. */
  runs: readonly RunSummary[] | undefined;
  doctor: DoctorReport | undefined;
  /** Whether what others start on the host becomes runs; undefined until the agent has said it. */
  watching: boolean | undefined;
  /** Counts how often the agent has said that its library changed. */
  library?: number;
}

/** Where the page has its runs from. */
export interface Link {
  snapshot(): LinkSnapshot;
  subscribe(listener: () => void): () => void;
  /** The trace of a run; close it when nobody looks any more. */
  follow(run: string): TraceSource;
  /** Bytes typed into the container's console. Resolves with the agent's words when it did not take them. */
  input(run: string, base64: string): Promise<string | undefined>;
  /** Ends the container's input, as Ctrl-D does on a line of its own. */
  endInput(run: string): Promise<string | undefined>;
  /** The console's size in character cells. */
  resize(run: string, cols: number, rows: number): Promise<string | undefined>;
}
