import type { RunRequest } from '@underdock/trace';
import type { Seen } from '../run/kernelSeen.ts';
import type { Tell } from '../run/tell.ts';

/** What a run lends to the way in that it takes. */
export interface ViaContext {
  /** The run's id: also the name of its folder in the state directory. */
  runId: string;
  tell: Tell;
  /** Span of `client/run`, the cause of everything else. */
  clientSpan: string;
  /** State directory of this underdock (/var/lib/underdock for root). */
  stateDir: string;
  /** Host folders that bind mounts may come from; empty = none. */
  allowedMounts: string[];
  /** Called with the container's output, as it comes. Where it returns a promise, no more is read before that has resolved. */
  output(stream: 'stdout' | 'stderr', bytes: Uint8Array): unknown;
  /** Environment that became known on the way (the image's), `KEY=value` each: its secrets are redacted from now on. */
  learnEnv?(env: readonly string[]): void;
  /** The container's init exists and waits for start: /proc and cgroup files are read back now. Await it. */
  waiting(container: string, pid: number): Promise<void>;
  /** The run reads them back by itself, as soon as the probe tells of an init. */
  looks?: boolean;
  /** The container's state has changed; `running` after start. */
  state(state: 'preparing' | 'held' | 'running' | 'stopping'): void;
  /** What the kernel's watcher saw of a process up to now; waits a moment for records that are under way. */
  seen?(pid: number): Promise<Seen>;
  /** The run has got its container, or the sandbox that it is in: its full id. */
  container?(id: string, role?: 'sandbox'): void;
  /**
   * Something is asked for whose id only the answer tells: what is seen on the host meanwhile waits, until what is returned is
   * called, so that it can be known as this run’s.
   */
  expects?(): () => void;
}

/** How a container's run ended. */
export interface Outcome {
  exitCode: number;
  /** Set when the chain broke before or beside the process: `code` and `message` are also in the trace. */
  error?: { code: string; message: string; remedy?: string };
}

/** A command to run in a container that runs already. */
export interface ExecWanted {
  command: string[];
  tty?: boolean;
  user?: string;
  workdir?: string;
  env?: string[];
}

/** What engines can do to a container while it runs. Each rejects with a code and a remedy where the engine refuses. */
export interface ContainerOrders {
  exec(wanted: ExecWanted): Promise<{ exitCode: number; stdout: Uint8Array; stderr: Uint8Array }>;
  pause(): Promise<void>;
  unpause(): Promise<void>;
  kill(signal: string): Promise<void>;
  /** Changes the limits that are named; the others stay. */
  update(limits: Pick<RunRequest, 'memory' | 'cpus' | 'pidsLimit'>): Promise<void>;
  /** What whoever keeps the container's state answers; absent where nobody is asked for it. */
  state?(): Promise<{ status: string; pid?: number }>;
  /** What the engine has kept of the output; `framed` as the Engine API frames stdout and stderr. */
  logs(): Promise<{ bytes: Uint8Array; framed: boolean }>;
}

/** A run that is under way. */
export interface ViaRun {
  /** Never rejects for a failing container: a lesson is an outcome. Resolves when everything is cleaned up. */
  done: Promise<Outcome>;
  /** May return a promise that resolves once the container has taken the bytes. */
  input(bytes: Uint8Array): void | Promise<void>;
  endInput(): void;
  resize(cols: number, rows: number): void;
  /** Go on after `hold`. */
  release(by: string): void;
  /** Signal, then SIGKILL after `graceMs` (10 000 by default). Resolves when the process is gone. */
  stop(options?: { signal?: string; graceMs?: number }): Promise<void>;
  /** Remove a container that was kept. */
  remove(): Promise<void>;
  /** Absent where the way in knows no such orders. */
  orders?: ContainerOrders;
}

/** A way in: the only place that knows how to command its layers. */
export interface Via {
  name: string;
  /** Engines do its work: what belongs to its runs is found among everything that happens on the host. */
  relayed?: boolean;
  /** Rejects, with a code and a remedy, for what can be known before anything starts: an unknown runtime, a bad flag. */
  check?(request: RunRequest, allowedMounts: readonly string[]): Promise<void>;
  run(request: RunRequest, context: ViaContext): ViaRun;
}
