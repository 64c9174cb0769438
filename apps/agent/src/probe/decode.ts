import type { RawRecord } from '@underdock/weave';
import type { CgroupFile } from './cgroupMounts.ts';
import type { SyscallProbe, Width } from './fragment.ts';
import { type ProbeLine, utf8 } from './lines.ts';
import { Pieces, pathFrom } from './pieces.ts';

type Place = { at: number; source: 'tracepoint'; pid: number; tid: number; comm: string };
type Call = Extract<RawRecord, { kind: 'syscall' }>;

/** What decoding needs beside the lines. */
export interface DecodeOptions {
  /** The calls in the order in which the program numbers them. */
  syscalls: readonly SyscallProbe[];
  namespaceKinds: readonly string[];
  /** Records with `at` in ms of the probe's own clock. */
  emit: (record: RawRecord) => void;
  /** The controllers of a cgroup hierarchy, by the kernel's id of it. */
  controllers: (hierarchy: number) => readonly string[];
  /** Finds a cgroup file: device number as the kernel has it, path from the filesystem's root. */
  locate: (device: number, path: string) => CgroupFile;
}

const EXEC = new Set(['execve', 'execveat']);

/** Makes records of the probe's lines. A line that makes no sense yields false and is the caller's to count. */
export class ProbeDecoder {
  #options: DecodeOptions;
  #pieces = new Pieces();
  /** Calls entered and not yet returned: exec waits for its outcome, the others for strings read at the return. */
  #entered = new Map<number, Call>();
  constructor(options: DecodeOptions) {
    this.#options = options;
  }

  line({ letter, words, text }: ProbeLine): boolean {
    const numbers = words.map(Number);
    switch (letter) {
      case 's':
        return this.#pieces.string(numbers[0] ?? -1, numbers[1] ?? -1, numbers[2] ?? -1, text);
      case 'a':
        return this.#pieces.argument(numbers[0] ?? -1, numbers[1] ?? -1, text);
      case 'c':
        return this.#cgroup(words[0] ?? '', numbers.slice(1), text);
    }
    if (numbers.some((n) => !Number.isFinite(n))) return false;
    switch (letter) {
      case 't':
        return this.#heartbeat(numbers);
      case 'e':
        return this.#enter(numbers, text);
      case 'x':
        return this.#exit(numbers, text);
      case 'f':
        return this.#fork(numbers, text);
      case 'n':
        return this.#namespaces(numbers, text);
      case 'p':
        return this.#exec(numbers, text);
      case 'd':
        return this.#death(numbers, text);
      case 'o':
        return this.#oom(numbers, text);
      default:
        return false;
    }
  }

  #heartbeat([ns]: number[]): boolean {
    if (ns === undefined) return false;
    this.#options.emit({ kind: 'clock', at: ns / 1e6, source: 'bpftrace' });
    return true;
  }

  #enter([index, ns, pid, tid, ...values]: number[], comm: string): boolean {
    const call = this.#options.syscalls[index ?? -1];
    if (!call || tid === undefined || values.length !== 6) return false;
    const strings = this.#pieces.take(tid);
    const args: Call['args'] = {};
    Object.entries(call.numbers ?? {}).forEach(([name, [, width]], n) => {
      args[name] = narrowed(values[n] ?? 0, width);
    });
    this.#addStrings(call, strings, args);
    const path = pathFrom(strings);
    const pathName = call.fdPath?.name ?? call.procPath?.name;
    if (path && pathName) args[pathName] = path;
    if (typeof args.device === 'number' && path) Object.assign(args, this.#options.locate(args.device, path));
    const record: Call = {
      kind: 'syscall',
      phase: 'enter',
      name: call.name,
      args,
      ...place(ns, pid, tid, comm),
    };
    this.#entered.set(tid, record);
    if (!EXEC.has(call.name)) this.#options.emit(record);
    return true;
  }

  #addStrings(call: SyscallProbe, strings: Map<number, string>, args: Call['args']): void {
    Object.keys(call.strings ?? {}).forEach((name, n) => {
      const text = strings.get(n);
      if (text !== undefined) args[name] = text;
    });
  }

  #exit([index, ns, pid, tid, result]: number[], comm: string): boolean {
    const call = this.#options.syscalls[index ?? -1];
    if (!call || tid === undefined || result === undefined) return false;
    const entered = this.#entered.get(tid);
    this.#entered.delete(tid);
    const args: Call['args'] = {};
    this.#addStrings(call, this.#pieces.take(tid), args);
    // The entry is a record of its own and perhaps not yet woven: strings that could only be read now belong to it too.
    if (entered?.name === call.name) Object.assign(entered.args, args);
    if (EXEC.has(call.name)) {
      if (result >= 0 || !entered) return true;
      this.#options.emit(entered);
    }
    this.#options.emit({
      kind: 'syscall',
      phase: 'exit',
      name: call.name,
      args,
      result,
      ...place(ns, pid, tid, comm),
    });
    return true;
  }

  #fork([ns, pid, tid, childPid]: number[], comm: string): boolean {
    if (childPid === undefined) return false;
    this.#options.emit({ kind: 'fork', childPid, ...place(ns, pid, tid, comm) });
    return true;
  }

  #namespaces([ns, pid, tid, ...inodes]: number[], comm: string): boolean {
    const kinds = this.#options.namespaceKinds;
    if (inodes.length !== kinds.length) return false;
    const own = Object.fromEntries(kinds.map((kind, n) => [kind, inodes[n] ?? 0]));
    this.#options.emit({ kind: 'namespaces', inodes: own, ...place(ns, pid, tid, comm) });
    return true;
  }

  #exec([ns, pid, tid, oldTid, bytes, uid, pidNamespace]: number[], comm: string): boolean {
    if (tid === undefined || bytes === undefined || oldTid === undefined) return false;
    const path = this.#pieces.take(tid).get(0) ?? '';
    const argv = this.#pieces.takeArguments(tid, bytes);
    const entered = this.#entered.get(oldTid);
    this.#entered.delete(oldTid);
    const syscall = entered?.name === 'execveat' ? 'execveat' : 'execve';
    const real = entered?.args.fdPath;
    this.#options.emit({
      kind: 'exec',
      // An exec by descriptor has the path /dev/fd/N: the file behind it says more.
      path: typeof real === 'string' && path.startsWith('/dev/fd/') ? real : path,
      argv,
      syscall,
      newComm: utf8(comm),
      ...(uid === undefined ? {} : { uid }),
      ...(pidNamespace === undefined ? {} : { pidNamespace }),
      ...place(ns, pid, tid, entered?.comm ?? comm),
    });
    return true;
  }

  #death([ns, pid, tid, status]: number[], comm: string): boolean {
    if (tid === undefined || status === undefined) return false;
    this.#pieces.forget(tid);
    this.#entered.delete(tid);
    // wait(2): the low seven bits are the signal, the next eight the exit code
    const signal = status & 0x7f;
    const end = signal ? { exitCode: 128 + signal, signal } : { exitCode: (status >> 8) & 0xff };
    this.#options.emit({ kind: 'exit', ...end, ...place(ns, pid, tid, comm) });
    return true;
  }

  #cgroup(act: string, [ns, pid, tid, hierarchy, attachedPid]: number[], comm: string): boolean {
    if (tid === undefined || hierarchy === undefined) return false;
    if (act !== 'mkdir' && act !== 'rmdir' && act !== 'attach') return false;
    const strings = this.#pieces.take(tid);
    const attached = act === 'attach' ? { attachedPid, attachedComm: strings.get(1) } : {};
    const path = strings.get(0) ?? '';
    const controllers = this.#options.controllers(hierarchy);
    this.#options.emit({
      kind: 'cgroup',
      act,
      hierarchy,
      controllers,
      path,
      ...attached,
      ...place(ns, pid, tid, comm),
    });
    return true;
  }

  #oom([ns, pid, tid, victimPid, totalVmKb, anonRssKb]: number[], comm: string): boolean {
    if (victimPid === undefined) return false;
    const sizes = totalVmKb ? { totalVmKb, anonRssKb } : {};
    this.#options.emit({ kind: 'oom', victimPid, ...sizes, ...place(ns, pid, tid, comm) });
    return true;
  }
}

function place(ns = 0, pid = 0, tid = 0, comm = ''): Place {
  return { at: ns / 1e6, source: 'tracepoint', pid, tid, comm: utf8(comm) };
}

// Numbers above 2^53 lose their lowest bits: no argument that is told needs them.
function narrowed(value: number, width: Width): number {
  if (width === 'u64') return value;
  const low = Number(BigInt.asUintN(32, BigInt(value)));
  return width === 'i32' ? low | 0 : low;
}
