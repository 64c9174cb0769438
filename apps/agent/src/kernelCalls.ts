import { constants } from 'node:fs';
import koffi from 'koffi';

/** A system call of ours that the kernel refused. `code` is the errno's name. */
export class KernelCallError extends Error {
  readonly code: string;
  readonly errno: number;
  readonly call: string;
  constructor(call: string, errno: number) {
    const code = errnoName(errno);
    super(`${call} failed: ${code}`);
    this.name = 'KernelCallError';
    this.code = code;
    this.errno = errno;
    this.call = call;
  }
}

function errnoName(errno: number): string {
  const found = Object.entries(koffi.os.errno).find(([, value]) => value === errno);
  return found ? found[0] : `errno ${errno}`;
}

type NativeCall = (...args: unknown[]) => number;
const loaded = new Map<string, NativeCall>();

/** The libc function of this C prototype, loaded on first use. Throws where the platform has no such function. */
export function nativeCall(prototype: string): NativeCall {
  let call = loaded.get(prototype);
  if (!call) {
    call = koffi.load(null).func(prototype) as unknown as NativeCall;
    loaded.set(prototype, call);
  }
  return call;
}

/** Calls a libc function; a result below zero becomes a KernelCallError. */
export function mustCall(name: string, prototype: string, ...args: unknown[]): number {
  const result = nativeCall(prototype)(...args);
  if (result < 0) throw new KernelCallError(name, koffi.errno());
  return result;
}

/** Where a buffer lies in memory, for structures that hold pointers (valid while the buffer is referenced). */
export function addressOf(buffer: Uint8Array): bigint {
  return koffi.address(buffer);
}

const PR_SET_PDEATHSIG = 1;
const PR_SET_CHILD_SUBREAPER = 36;

/** Makes this process the one that orphans below it are handed to (prctl(2), PR_SET_CHILD_SUBREAPER). */
export function becomeSubreaper(): void {
  mustCall(
    'prctl',
    'int prctl(int option, unsigned long a, unsigned long b, unsigned long c, unsigned long d)',
    PR_SET_CHILD_SUBREAPER,
    1,
    0,
    0,
    0,
  );
}

/** Asks the kernel to send `signal` to this process when its parent's thread ends (prctl(2), PR_SET_PDEATHSIG). */
export function dieWithParent(signal: number): void {
  mustCall(
    'prctl',
    'int prctl(int option, unsigned long a, unsigned long b, unsigned long c, unsigned long d)',
    PR_SET_PDEATHSIG,
    signal,
    0,
    0,
    0,
  );
}

/** How a process ended: its exit code, or the signal that ended it. */
export interface ExitStatus {
  code: number;
  signal?: number;
}

const WNOHANG = 1;

/**
 * Collects a child that has ended; undefined while it lives. Throws KernelCallError ECHILD when `pid` is no child of
 * this process.
 */
export function collectChild(pid: number): ExitStatus | undefined {
  const status = Buffer.alloc(4);
  const got = mustCall('waitpid', 'int waitpid(int pid, void *status, int options)', pid, status, WNOHANG);
  if (got === 0) return undefined;
  const word = status.readInt32LE(0);
  const signal = word & 0x7f;
  // wait(2): the low seven bits are the signal, the second byte is the exit code.
  return signal === 0 ? { code: (word >> 8) & 0xff } : { code: 128 + signal, signal };
}

const O_CLOEXEC = 0o2000000;

/** A pipe whose ends are closed on exec (pipe2(2)). The caller closes both. */
export function makePipe(): { read: number; write: number } {
  const ends = Buffer.alloc(8);
  mustCall('pipe2', 'int pipe2(void *ends, int flags)', ends, O_CLOEXEC);
  return { read: ends.readInt32LE(0), write: ends.readInt32LE(4) };
}

const FIONREAD = 0x541b;

/** How many bytes can be read from a pipe right now (ioctl_fionread(2const)). */
export function waitingBytes(fd: number): number {
  const count = Buffer.alloc(4);
  mustCall('ioctl', 'int ioctl(int fd, unsigned long request, void *argument)', fd, FIONREAD, count);
  return count.readInt32LE(0);
}

const TIOCSWINSZ = 0x5414;

/** Tells a terminal its size in character cells; the kernel signals SIGWINCH to what runs in it. */
export function setTerminalSize(fd: number, cols: number, rows: number): void {
  const size = Buffer.alloc(8);
  size.writeUInt16LE(rows, 0);
  size.writeUInt16LE(cols, 2);
  mustCall('ioctl', 'int ioctl(int fd, unsigned long request, void *argument)', fd, TIOCSWINSZ, size);
}

/** A pseudo-terminal: the master's descriptor and the slave's path. The caller closes the master (pts(4)). */
export function openTerminal(): { master: number; path: string } {
  const flags = constants.O_RDWR | constants.O_NOCTTY | O_CLOEXEC;
  const master = mustCall('posix_openpt', 'int posix_openpt(int flags)', flags);
  mustCall('grantpt', 'int grantpt(int fd)', master);
  mustCall('unlockpt', 'int unlockpt(int fd)', master);
  const name = Buffer.alloc(128);
  mustCall('ptsname_r', 'int ptsname_r(int fd, void *name, size_t length)', master, name, name.length);
  return { master, path: name.toString('utf8', 0, name.indexOf(0)) };
}
