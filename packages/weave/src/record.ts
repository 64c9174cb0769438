import type { Actor, EventType, Evidence, Grade, Layer } from '@underdock/trace';

/**
 * What watchers hand to the weave. `at` is in ms on the trace's clock (see TraceHeader.clock) for every kind; watchers
 * convert before they emit. Process ids are thread-group ids as the host sees them; `tid` the thread.
 */
export type RawRecord =
  | SelfRecord
  | SpawnedRecord
  | SyscallRecord
  | ForkRecord
  | NamespacesRecord
  | ExecRecord
  | ExitRecord
  | CgroupRecord
  | OomRecord
  | ReadBackRecord
  | RuntimeLogRecord
  | CallRecord
  | EngineEventRecord
  | RootRecord
  | WatcherRecord
  | LostRecord
  | ClockRecord;

/** What underdock itself does or knows at first hand; already shaped as an event, `span` from `Weave.newSpan`. */
export interface SelfRecord {
  kind: 'self';
  at: number;
  type: EventType;
  step: string;
  layer: Layer;
  actor: Actor;
  span?: string;
  cause?: string[];
  container?: string;
  data: Record<string, unknown>;
  evidence?: Evidence[];
  grade?: Grade;
}

/** underdock started `pid` on behalf of the act `span`: whatever the pid and its descendants do belongs to this run. */
export interface SpawnedRecord {
  kind: 'spawned';
  at: number;
  pid: number;
  span: string;
  /** The layer that the program fills: `low-level` for a runtime, `high-level` for a mount command of ours. */
  layer: Layer;
  actor: string;
  container?: string;
}

interface KernelRecord {
  at: number;
  source: 'tracepoint' | 'strace';
  pid: number;
  tid: number;
  /** Empty when the source does not know it. */
  comm: string;
  /** How far the instant may be off when it was converted from wall time. */
  uncertaintyMs?: number;
}

/** One system call, entry or return. Arguments are numbers as passed, strings where they were read from memory. */
export interface SyscallRecord extends KernelRecord {
  kind: 'syscall';
  phase: 'enter' | 'exit';
  /** The kernel's name without `sys_`: `clone3`, `mount`, `move_mount`, `write`. */
  name: string;
  args: Record<string, string | number | string[]>;
  /** On exit: the result, or minus the errno. */
  result?: number;
}

/** A new process (not a thread). */
export interface ForkRecord extends KernelRecord {
  kind: 'fork';
  childPid: number;
  childComm?: string;
}

/** The namespaces of a process after unshare, setns or its own birth, as inodes by kind; `pid` is that of its children. */
export interface NamespacesRecord extends KernelRecord {
  kind: 'namespaces';
  inodes: Record<string, number>;
}

/** A successful execve or execveat; `comm` is the name before it, `newComm` the one that the kernel gave. */
export interface ExecRecord extends KernelRecord {
  kind: 'exec';
  path: string;
  newComm?: string;
  argv?: string[];
  syscall?: 'execve' | 'execveat';
  /** Who starts it, as the host counts users, and the inode of the pid namespace that it is started in. */
  uid?: number;
  pidNamespace?: number;
}

/** The last thread of a process has ended. */
export interface ExitRecord extends KernelRecord {
  kind: 'exit';
  exitCode: number;
  signal?: number;
}

/** A cgroup was made, removed, or a process was moved into one. `hierarchy` is the kernel's id (0 = v2). */
export interface CgroupRecord extends KernelRecord {
  kind: 'cgroup';
  act: 'mkdir' | 'rmdir' | 'attach';
  hierarchy: number;
  /** Names of the hierarchy's controllers; empty for one that has none. */
  controllers?: readonly string[];
  path: string;
  attachedPid?: number;
  attachedComm?: string;
}

/** The kernel's OOM killer chose a victim. */
export interface OomRecord extends KernelRecord {
  kind: 'oom';
  victimPid: number;
  victimComm?: string;
  totalVmKb?: number;
  anonRssKb?: number;
}

/** Something read from /proc or a cgroup file: becomes a fact graded `read-back`. */
export interface ReadBackRecord {
  kind: 'read-back';
  at: number;
  step: string;
  layer: Layer;
  actor: Actor;
  container?: string;
  span?: string;
  data: Record<string, unknown>;
  /** The file that was read, or `GET` and a path of an engine’s API, and what it said, shortened. */
  file: string;
  text: string;
}

/** A line of the low-level runtime's own JSON log. */
export interface RuntimeLogRecord {
  kind: 'runtime-log';
  at: number;
  uncertaintyMs: number;
  runtime: string;
  /** The runtime’s process, where that is known. */
  pid?: number;
  span?: string;
  container?: string;
  level: string;
  message: string;
}

/** The protocols by which clients, engines, containerd and its shims speak with each other. */
export type CallProtocol = 'http' | 'grpc' | 'ttrpc';

/**
 * A call between two programs, seen by an entry probe on a function of one of them. `enter` is the call, `payload` what it
 * carries, `answer` an HTTP status or the outcome, `exit` its end. The records of one call share `pid` and `routine`.
 */
export interface CallRecord {
  kind: 'call';
  at: number;
  source: 'uprobe';
  phase: 'enter' | 'payload' | 'step' | 'answer' | 'exit';
  protocol: CallProtocol;
  /** Whether the probed program makes the call or serves it. */
  side: 'client' | 'server';
  pid: number;
  tid: number;
  comm: string;
  /** Address of the goroutine, in hexadecimal: what tells calls of one process apart. */
  routine: string;
  /** `POST`; `/containerd.services.tasks.v1.Tasks/Create`; `containerd.task.v2.Task/Create`. With `enter`. */
  method?: string;
  /** Path of an HTTP request, and its query without the `?`. With `enter`. */
  path?: string;
  query?: string;
  /** With `payload`, and with an `enter` that waited for it: the protobuf message as far as it was captured, and its whole length in bytes. */
  payload?: { bytes: Uint8Array; length: number };
  /** With `step`: what is done next for the call, in the words of a Dockerfile. */
  text?: string;
  /** With `answer`: the HTTP status. */
  status?: number;
  /** With `answer`: the id of what the call has made. */
  made?: string;
  /** With `exit`: whether it ended with an error; absent when that can't be seen. */
  failed?: boolean;
}

/** An event out of Docker's or containerd's own event stream. */
export interface EngineEventRecord {
  kind: 'engine-event';
  at: number;
  uncertaintyMs: number;
  source: 'docker-events' | 'containerd-events';
  /** The daemon: `dockerd`, `containerd`. */
  name: string;
  pid?: number;
  /** `container die`, `image pull`; `/tasks/exit`. */
  topic: string;
  /** Full id of the container that it speaks of. */
  container?: string;
  /** Allow-listed attributes: `name`, `image`, `exitCode`, `pid`, `signal`, `execId`. */
  attributes: Record<string, string>;
}

/** A program of the chain that underdock did not start: with its exec begins what it and its descendants do for a run. */
export interface RootRecord {
  kind: 'root';
  at: number;
  pid: number;
  /** Its parent, where known. */
  parentPid?: number;
  role: 'client' | 'shim' | 'monitor' | 'runtime';
  /** The program's name: `docker`, `containerd-shim-runc-v2`, `conmon`, `runc`. */
  actor: string;
  argv: string[];
  /** The container's full id, where its arguments carry one. */
  container?: string;
  /** A runtime's or shim's subcommand: `create`, `start`, `delete`. */
  verb?: string;
  /** As its exec has them: what it names is to be trusted only as far as who started it. */
  uid?: number;
  pidNamespace?: number;
}

/** A watcher came or went while the trace was growing. */
export interface WatcherRecord {
  kind: 'watcher';
  at: number;
  layer: Layer;
  name: string;
  state: 'ok' | 'missing';
  why: string;
}

/** A watcher's source dropped records, or what it said could not be read. */
export interface LostRecord {
  kind: 'lost';
  at: number;
  layer: Layer;
  name: string;
  count: number;
  why?: string;
}

/** A source promises that it will send nothing older than `at` any more (a heartbeat): lets the weave order and flush. */
export interface ClockRecord {
  kind: 'clock';
  at: number;
  source: string;
}
