import type { RunRequest, RunSummary, TraceEvent, TraceHeader } from '@underdock/trace';
import type { ContainerOrders } from '../via/via.ts';
import type { Recording } from './recording.ts';

/** One run, live or finished, as the server and the command line see it. */
export interface Run {
  readonly id: string;
  readonly header: TraceHeader;
  summary(): RunSummary;
  /** Everything written so far, in writing order (events[i].seq === i + 1). */
  readonly events: readonly TraceEvent[];
  readonly closed: boolean;
  /** Resolves with the exit code for the command line (125 = our fault, 126 / 127 as docker) once the trace is closed. */
  readonly done: Promise<{ exitCode: number; error?: { code: string; message: string; remedy?: string } }>;
  /** Path of the trace file on disk. */
  readonly file: string;
  /** Calls back with each batch of new events and when it closes; returns how to stop listening. */
  subscribe(listener: (events: readonly TraceEvent[], closed: boolean) => void): () => void;
  /**
   * The container's output as it was written, unredacted and from now on: for the terminal of whoever started the run.
   * Called right after `start` it misses nothing. Events carry the redacted output. Returns how to stop listening. A
   * listener that can't take more returns a promise: the container waits until it has resolved.
   */
  attach(listener: (stream: 'stdout' | 'stderr', bytes: Uint8Array) => unknown): () => void;
  /** May return a promise that resolves once the container has taken the bytes: whoever feeds much waits for it. */
  input(bytes: Uint8Array): void | Promise<void>;
  endInput(): void;
  resize(cols: number, rows: number): void;
  release(by: string): void;
  stop(options?: { signal?: string; graceMs?: number }): Promise<void>;
  remove(): Promise<void>;
  /** What can be ordered while it runs; absent where its way in knows no orders. */
  readonly orders?: ContainerOrders | undefined;
}

/** All runs of an agent. */
export interface Runs {
  /** Throws RunError for what can be known before anything starts (unknown runtime, a mount that is not allowed). */
  start(request: RunRequest, origin: 'cli' | 'page' | 'http'): Promise<Run>;
  get(id: string): Run | undefined;
  list(): RunSummary[];
  /** Called when a run is added, changes state or is removed. */
  onChange(listener: () => void): () => void;
  remove(id: string): Promise<void>;
  /** Takes a run that is over out of the list; what it kept stays. */
  forget(id: string): void;
  /** Whether containers and commands that others start on this host become runs. */
  readonly watching: boolean;
  /** Rejects with RunError `not-watching` when nothing on this host can be watched. */
  watchHost(on: boolean): Promise<void>;
  /**
   * Begins to record what a command does to the chain; it is started by whoever asks, under the name and key that the
   * sorter knows (RECORDER, the run’s id). Absent where nobody watches. Rejects with RunError, StoreError.
   */
  record?(command: readonly string[]): Promise<Recording>;
  /** Traces on disk, newest first: those of this agent and of earlier ones. */
  traces(): Promise<{ id: string; title: string; startedAt: string; bytes: number }[]>;
  traceFile(id: string): Promise<string | undefined>;
  /** Stops every run and watcher, removes what was started. */
  close(): Promise<void>;
}
