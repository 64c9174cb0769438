import { fstatSync, type Stats } from 'node:fs';
import { AgentError } from '../error.ts';
import { KernelCallError, mustCall } from '../kernelCalls.ts';

/** openat2(2): the number is the same on every architecture. */
const SYS_OPENAT2 = 437;
const PROTOTYPE = 'long syscall(long number, int folder, const char *path, void *how, size_t size)';
const O_CLOEXEC = 0o2000000;
const O_PATH = 0o10000000;
const RESOLVE_NO_XDEV = 0x01;
const RESOLVE_NO_MAGICLINKS = 0x02;
const RESOLVE_NO_SYMLINKS = 0x04;
const RESOLVE_BENEATH = 0x08;

/** A descriptor that only names a file (O_PATH): opening it this way does nothing to devices and FIFOs. */
export interface Named {
  fd: number;
  stats: Stats;
}

/** The parts of a path as a request gives it: seen from the layer’s root. Throws AgentError `bad-path`. */
export function partsOf(path: string): string[] {
  const parts = path.split('/').filter((part) => part !== '' && part !== '.');
  const bad = !path.startsWith('/') || path.includes('\0') || parts.includes('..') || path.length > 4096;
  if (bad) {
    throw new AgentError('bad-path', 'the path must be absolute, without .. and at most 4096 characters', {
      remedy: 'name the file as the container would see it, such as /etc/motd',
    });
  }
  return parts;
}

/**
 * Opens what lies at a path below a folder. The kernel itself refuses every symbolic link on the way and at its end, other
 * mounts, and whatever leads out, however the tree changes meanwhile. The caller closes it. Throws AgentError.
 */
export function openBeneath(folder: number, parts: readonly string[]): Named {
  const resolve = RESOLVE_BENEATH | RESOLVE_NO_XDEV | RESOLVE_NO_SYMLINKS | RESOLVE_NO_MAGICLINKS;
  return open(folder, parts.length === 0 ? '.' : parts.join('/'), resolve);
}

/** Opens one name in a folder that may lie on another file system; a symbolic link is refused. The caller closes it. */
export function openStep(folder: number, name: string): Named {
  return open(folder, name, RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS | RESOLVE_NO_MAGICLINKS);
}

/** The root folder of this host. The caller closes it. */
export function openRoot(): Named {
  return open(-1, '/', RESOLVE_NO_SYMLINKS);
}

function open(folder: number, path: string, resolve: number): Named {
  const how = Buffer.alloc(24);
  how.writeBigUInt64LE(BigInt(O_PATH | O_CLOEXEC), 0);
  how.writeBigUInt64LE(BigInt(resolve), 16);
  try {
    const fd = mustCall('openat2', PROTOTYPE, SYS_OPENAT2, folder, path, how, how.length);
    return { fd, stats: fstatSync(fd) };
  } catch (error) {
    throw readable(error, path);
  }
}

const MEANINGS: Readonly<Record<string, [code: string, why: string, remedy: string]>> = {
  ENOENT: [
    'file-not-found',
    'there is no such file in this layer',
    'read the folder again: it may have changed',
  ],
  ENOTDIR: [
    'file-not-found',
    'a part of this path is no folder',
    'read the folder again: it may have changed',
  ],
  ELOOP: [
    'symbolic-link',
    'a symbolic link stands on this path, and none is followed',
    'open what it leads to by its own path',
  ],
  EXDEV: ['leaves-layer', 'this path leads out of the layer', 'name a file that lies in it'],
  ENAMETOOLONG: ['bad-path', 'a name in this path is too long', 'name a file that lies in the layer'],
  EACCES: ['not-permitted', 'underdock may not read this', 'run underdock as root'],
  EAGAIN: ['folder-busy', 'the folder is being changed at this moment', 'try again'],
  ENOSYS: ['not-supported', 'this kernel has no openat2(2)', 'use Linux 5.6 or newer'],
};

/** What an error of the file system means for who asked for a path; other errors stay as they are. */
export function readable(error: unknown, path: string): unknown {
  const { code, syscall } = (error ?? {}) as NodeJS.ErrnoException;
  if (!(error instanceof KernelCallError) && syscall === undefined) return error;
  const [named, why, remedy] = MEANINGS[code ?? ''] ?? [
    'unreadable',
    `${path} can’t be read (${code})`,
    'try again',
  ];
  return new AgentError(named, why, { remedy, cause: error });
}
