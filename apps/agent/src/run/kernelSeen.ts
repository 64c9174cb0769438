import type { RawRecord } from '@underdock/weave';
import type { ExitStatus } from '../kernelCalls.ts';

/** What the kernel's watcher saw of one process. */
export interface Seen {
  exit?: ExitStatus;
  /** Set when it never came to run a program: the errno (as a number) of its last try, and the path. */
  execFailed?: { errno: number; path: string };
}

/** A container may start processes without end: of the oldest nothing is remembered. */
const MOST_PROCESSES = 5000;

/** Remembers of a run's records how processes ended, and which never came to run a program. */
export class KernelSeen {
  #seen = new Map<number, Seen & { ran?: true }>();
  #paths = new Map<number, string>();

  take(record: RawRecord): void {
    if (record.kind === 'exit') {
      const { exitCode: code, signal } = record;
      this.#of(record.pid).exit = signal === undefined ? { code } : { code, signal };
      this.#paths.delete(record.tid);
    } else if (record.kind === 'exec') {
      const seen = this.#of(record.pid);
      seen.ran = true;
      delete seen.execFailed;
    } else if (record.kind === 'syscall' && record.name.startsWith('execve')) this.#tried(record);
  }

  /** What is known of a process by now. */
  of(pid: number): Seen {
    return this.#seen.get(pid) ?? {};
  }

  #tried(record: Extract<RawRecord, { kind: 'syscall' }>): void {
    if (record.phase === 'enter') {
      this.#paths.set(record.tid, String(record.args.path ?? ''));
      return;
    }
    const path = this.#paths.get(record.tid) ?? '';
    this.#paths.delete(record.tid);
    const { result = 0 } = record;
    const seen = this.#of(record.pid);
    if (result < 0 && !seen.ran) seen.execFailed = { errno: -result, path };
  }

  #of(pid: number): Seen & { ran?: true } {
    const known = this.#seen.get(pid);
    if (known) return known;
    const oldest = this.#seen.keys().next().value;
    if (this.#seen.size >= MOST_PROCESSES && oldest !== undefined) this.#seen.delete(oldest);
    const seen: Seen & { ran?: true } = {};
    this.#seen.set(pid, seen);
    return seen;
  }
}
