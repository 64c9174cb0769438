import { errnoNumber, type RawRecord, type SyscallRecord, signalNumber } from '@underdock/weave';
import { straceArguments } from './straceCalls.ts';
import { readCall, readStraceLine, type StraceLine } from './straceLine.ts';

type Whole = Extract<StraceLine, { is: 'call' }>;
type Half = Extract<StraceLine, { is: 'unfinished' }>;
type Place = { at: number; source: 'strace'; pid: number; tid: number; comm: string; uncertaintyMs: number };

/** A cgroup hierarchy as /proc/self/cgroup and mountinfo show it. */
export interface Hierarchy {
  id: number;
  controllers: readonly string[];
  mountPoint: string;
}

/** What decoding needs beside the lines of one strace. */
export interface StraceOptions {
  emit: (record: RawRecord) => void;
  /** Converts Unix ms to ms of CLOCK_MONOTONIC. */
  toMonotonic: (wallMs: number) => number;
  hierarchies: readonly Hierarchy[];
}

const FORKS = new Set(['clone', 'clone3', 'fork', 'vfork']);
const CLONE_THREAD = 0x10000;
/** What a converted instant may be off: strace stamps a stop when it gets to it. */
const UNCERTAINTY_MS = 1;
/** So many lines of a process whose birth has not been seen yet are kept. */
const MOST_WAITING = 10_000;

/** Makes the probe's records of the lines of one `strace -f`. A line that makes no sense yields false. */
export class StraceDecoder {
  #options: StraceOptions;
  #halves = new Map<number, Half>();
  /** Thread-group id by thread. */
  #groups = new Map<number, number>();
  #living = new Map<number, number>();
  #orphans = new Map<number, StraceLine[]>();
  #started = false;
  constructor(options: StraceOptions) {
    this.#options = options;
  }

  /** Whether every process that it has told of has ended. */
  get ended(): boolean {
    return this.#started && this.#living.size === 0;
  }

  line(text: string): boolean {
    const line = readStraceLine(text);
    if (line.is === 'malformed') return false;
    if (line.is !== 'other') this.#take(line);
    return true;
  }

  #take(line: Exclude<StraceLine, { is: 'other' | 'malformed' }>): void {
    if (!this.#started) {
      this.#started = true;
      this.#born(line.tid, line.tid);
    }
    if (!this.#groups.has(line.tid)) {
      const waiting = this.#orphans.get(line.tid) ?? [];
      if (waiting.length < MOST_WAITING) this.#orphans.set(line.tid, [...waiting, line]);
      return;
    }
    if (line.is === 'call') this.#call(line, line.wallMs + (line.tookMs ?? 0));
    else if (line.is === 'unfinished') this.#unfinished(line);
    else if (line.is === 'resumed') this.#resumed(line);
    else this.#exit(line);
  }

  #born(tid: number, pid: number): void {
    this.#groups.set(tid, pid);
    this.#living.set(pid, (this.#living.get(pid) ?? 0) + 1);
    const waiting = this.#orphans.get(tid) ?? [];
    this.#orphans.delete(tid);
    for (const line of waiting) if (line.is !== 'other' && line.is !== 'malformed') this.#take(line);
  }

  #unfinished(half: Half): void {
    this.#halves.set(half.tid, half);
  }

  #resumed(line: Extract<StraceLine, { is: 'resumed' }>): void {
    const half = this.#halves.get(line.tid);
    this.#halves.delete(line.tid);
    if (!half || half.name !== line.name) return;
    const { tid, comm, wallMs } = half;
    const whole = readCall(`${half.name}(${half.text}${line.text}`, { tid, comm, wallMs });
    if (whole.is === 'call') this.#call(whole, line.wallMs);
  }

  #call(line: Whole, endMs: number): void {
    const args = straceArguments(line.name, line.args);
    if (!args) return;
    const result = resultOf(line.result ?? '');
    const enter = this.#place(line, line.wallMs);
    const exit = this.#place(line, Math.max(endMs, line.wallMs));
    if (FORKS.has(line.name)) this.#fork(line, args, result, enter, exit);
    else if (line.name.startsWith('exec')) this.#exec(line, args, result, enter, exit);
    else if (/^(mkdir|rmdir|unlinkat)/.test(line.name)) this.#folder(line.name, args, result, exit);
    else if (line.name === 'write' || line.name === 'pwrite64') this.#write(line, args, result, enter, exit);
    else this.#pair(line.name, args, result, enter, exit);
  }

  #pair(
    name: string,
    args: SyscallRecord['args'],
    result: number | undefined,
    enter: Place,
    exit: Place,
  ): void {
    const { emit } = this.#options;
    emit({ kind: 'syscall', phase: 'enter', name, args, ...enter });
    if (result !== undefined) emit({ kind: 'syscall', phase: 'exit', name, args: {}, result, ...exit });
  }

  #fork(
    line: Whole,
    args: SyscallRecord['args'],
    result: number | undefined,
    enter: Place,
    exit: Place,
  ): void {
    // Inside a pid namespace the caller gets another number than the host: strace adds ours.
    const ours = /\/\* (\d+) in strace's PID NS \*\//.exec(line.result ?? '')?.[1];
    const child = ours === undefined ? result : Number(ours);
    const thread = Math.floor(Number(args.flags ?? 0) / CLONE_THREAD) % 2 === 1;
    const made = child !== undefined && child > 0;
    if (thread) {
      if (made) this.#born(child, enter.pid);
      return;
    }
    const { emit } = this.#options;
    emit({ kind: 'syscall', phase: 'enter', name: line.name, args, ...enter });
    // The child may have been at work before its maker's call returned.
    if (made) emit({ kind: 'fork', childPid: child, ...enter });
    if (result !== undefined) {
      emit({
        kind: 'syscall',
        phase: 'exit',
        name: line.name,
        args: {},
        result: made ? child : result,
        ...exit,
      });
    }
    if (made) this.#born(child, child);
  }

  #exec(
    line: Whole,
    args: SyscallRecord['args'],
    result: number | undefined,
    enter: Place,
    exit: Place,
  ): void {
    if (result !== 0) {
      this.#pair(line.name, args, result, enter, exit);
      return;
    }
    this.#alone(enter.pid);
    const syscall = line.name === 'execveat' ? 'execveat' : 'execve';
    const path = String(args.path ?? '');
    const argv = Array.isArray(args.argv) ? args.argv : undefined;
    const newComm = path.slice(path.lastIndexOf('/') + 1).slice(0, 15);
    this.#options.emit({ kind: 'exec', syscall, path, argv, newComm, ...exit });
  }

  /** execve(2) ends all other threads, and whoever called becomes the leader. */
  #alone(pid: number): void {
    for (const [tid, group] of this.#groups) if (group === pid) this.#groups.delete(tid);
    this.#groups.set(pid, pid);
    this.#living.set(pid, 1);
  }

  #write(
    line: Whole,
    args: SyscallRecord['args'],
    result: number | undefined,
    enter: Place,
    exit: Place,
  ): void {
    const file = String(args.file ?? '');
    const hierarchy = this.#hierarchyOf(file);
    if (!hierarchy) return;
    const controllers = [...hierarchy.controllers];
    this.#pair(line.name, { ...args, controllers }, result, enter, exit);
    if (result === undefined || result < 0 || !file.endsWith('/cgroup.procs')) return;
    const written = Number(args.value);
    const attachedPid = written === 0 ? enter.pid : written;
    const path = file.slice(hierarchy.mountPoint.length, -'/cgroup.procs'.length) || '/';
    const { id } = hierarchy;
    this.#options.emit({
      kind: 'cgroup',
      act: 'attach',
      hierarchy: id,
      controllers,
      path,
      attachedPid,
      ...exit,
    });
  }

  #folder(name: string, args: SyscallRecord['args'], result: number | undefined, exit: Place): void {
    const AT_REMOVEDIR = 0x200;
    if (result !== 0 || (name === 'unlinkat' && !(Number(args.flags) & AT_REMOVEDIR))) return;
    const path = String(args.path ?? '');
    const file = path.startsWith('/') ? path : `${args.folder ?? ''}/${path}`;
    const hierarchy = this.#hierarchyOf(file);
    if (!hierarchy) return;
    const { id, controllers, mountPoint } = hierarchy;
    const act = name.startsWith('mkdir') ? 'mkdir' : 'rmdir';
    this.#options.emit({
      kind: 'cgroup',
      act,
      hierarchy: id,
      controllers,
      path: file.slice(mountPoint.length),
      ...exit,
    });
  }

  #hierarchyOf(file: string): Hierarchy | undefined {
    return this.#options.hierarchies.find(({ mountPoint }) => file.startsWith(`${mountPoint}/`));
  }

  #exit(line: Extract<StraceLine, { is: 'exit' }>): void {
    const place = this.#place(line, line.wallMs);
    this.#groups.delete(line.tid);
    this.#halves.delete(line.tid);
    const left = (this.#living.get(place.pid) ?? 1) - 1;
    if (left > 0) {
      this.#living.set(place.pid, left);
      return;
    }
    this.#living.delete(place.pid);
    const signal = line.signal === undefined ? undefined : signalNumber(line.signal);
    const exitCode = signal === undefined ? (line.exitCode ?? 0) : 128 + signal;
    this.#options.emit({ kind: 'exit', exitCode, ...(signal === undefined ? {} : { signal }), ...place });
  }

  #place(line: { tid: number; comm: string }, wallMs: number): Place {
    const pid = this.#groups.get(line.tid) ?? line.tid;
    const at = this.#options.toMonotonic(wallMs);
    return { at, source: 'strace', pid, tid: line.tid, comm: line.comm, uncertaintyMs: UNCERTAINTY_MS };
  }
}

/** A call's result: minus the errno when it failed, undefined when it never returned. */
function resultOf(text: string): number | undefined {
  const errno = /^(?:-1|\?) (E[A-Z0-9_]+)/.exec(text)?.[1];
  if (errno) return -(errnoNumber(errno) ?? 1);
  if (text.startsWith('?')) return undefined;
  return Number.parseInt(text, text.startsWith('0x') ? 16 : 10);
}
