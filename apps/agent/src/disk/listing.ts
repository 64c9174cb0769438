import { closeSync, lstatSync, readlinkSync, type Stats } from 'node:fs';
import { opendir } from 'node:fs/promises';
import type { DiskEntry, DiskFolder } from '@underdock/trace';
import { AgentError } from '../error.ts';
import { readAttribute } from '../via/embedded/attributes.ts';
import { openBeneath, partsOf } from './beneath.ts';

/** So many names of a folder are read at most, and so many of them are shown. */
export const MOST_NAMES = 20_000;
export const MOST_ENTRIES = 1000;

/** What lies in a folder of a layer whose root is open. Rejects with AgentError. */
export async function listFolder(root: number, path: string): Promise<DiskFolder> {
  const parts = partsOf(path);
  const { fd, stats } = openBeneath(root, parts);
  try {
    if (!stats.isDirectory()) {
      throw new AgentError('no-folder', `${path} is no folder`, { remedy: 'ask for its content instead' });
    }
    // The descriptor is the folder itself: whatever is put at its path meanwhile is not what is read.
    const here = `/proc/self/fd/${fd}`;
    const { names, more } = await namesIn(here);
    const shown = names.slice(0, MOST_ENTRIES).flatMap((name) => entryOf(here, name) ?? []);
    return {
      path: `/${parts.join('/')}`,
      entries: shown,
      count: names.length,
      more,
      opaque: isOpaque(`${here}/.`),
    };
  } finally {
    closeSync(fd);
  }
}

async function namesIn(folder: string): Promise<{ names: Buffer[]; more: boolean }> {
  const names: Buffer[] = [];
  const options = { encoding: 'buffer', bufferSize: 512 } as unknown as { bufferSize: number };
  for await (const { name } of await opendir(`${folder}/.`, options)) {
    if (names.length === MOST_NAMES) return { names: names.sort(Buffer.compare), more: true };
    names.push(name as unknown as Buffer);
  }
  return { names: names.sort(Buffer.compare), more: false };
}

/** Undefined for what has gone since its name was read. */
function entryOf(folder: string, raw: Buffer): DiskEntry | undefined {
  const path = Buffer.concat([Buffer.from(`${folder}/`), raw]);
  const stats = lstatSync(path, { throwIfNoEntry: false });
  if (!stats) return undefined;
  const name = raw.toString('utf8');
  const kind = kindOf(stats);
  const { uid, gid } = stats;
  return {
    name,
    kind,
    mode: stats.mode & 0o7777,
    uid,
    gid,
    ...(kind === 'file' ? { bytes: stats.size } : {}),
    ...(kind === 'link' ? targetOf(path) : {}),
    ...(kind === 'folder' && isOpaque(`${folder}/${name}`) ? { opaque: true } : {}),
    ...(kind === 'device' ? { device: deviceOf(stats) } : {}),
    ...(Buffer.from(name).equals(raw) ? {} : { unnameable: true }),
  };
}

function kindOf(stats: Stats): DiskEntry['kind'] {
  if (stats.isFile()) return 'file';
  if (stats.isDirectory()) return 'folder';
  if (stats.isSymbolicLink()) return 'link';
  // overlayfs, "Whiteouts and opaque directories": a character device 0/0.
  if (stats.isCharacterDevice() && stats.rdev === 0) return 'whiteout';
  if (stats.isFIFO()) return 'fifo';
  return stats.isSocket() ? 'socket' : 'device';
}

function targetOf(path: Buffer): { target?: string } {
  try {
    return { target: readlinkSync(path, 'utf8') };
  } catch {
    return {};
  }
}

/** Marked by root, or by an ordinary user’s overlay in a user namespace. */
function isOpaque(path: string): boolean {
  return ['trusted.overlay.opaque', 'user.overlay.opaque'].some((name) => readAttribute(path, name) === 'y');
}

/** gnu_dev_major(3) and gnu_dev_minor(3), for numbers of the usual size. */
function deviceOf(stats: Stats): string {
  const { rdev } = stats;
  const kind = stats.isBlockDevice() ? 'block' : 'character';
  return `${kind} ${(rdev >> 8) & 0xfff}:${(rdev & 0xff) | ((rdev >> 12) & 0xfff00)}`;
}
