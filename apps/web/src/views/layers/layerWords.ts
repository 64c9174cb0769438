import type { DiskEntry, DiskLayerAnswer } from '@underdock/trace';
import { bytes } from '../evidence/values.ts';

/** What a layer is called; image layers count from 1 for people. */
export function layerTitle({ kind, index }: Pick<DiskLayerAnswer, 'kind' | 'index'>): string {
  if (kind === 'image') return `Image layer ${index + 1}`;
  return { init: 'The engine’s own', upper: 'What the container changed', copy: 'All in one tree' }[kind];
}

/** What made a layer, in the words of the image’s history where there are any. */
export function madeBy({ kind, createdBy }: Pick<DiskLayerAnswer, 'kind' | 'createdBy'>): string {
  if (kind === 'init') return 'empty files as mount points: the engine mounts its own /etc/hosts over one';
  if (kind === 'upper') return 'written, changed and deleted since the container began';
  if (kind === 'copy') return 'copied, because no overlay could be mounted';
  return createdBy === undefined || createdBy === ''
    ? 'the image does not say what made it'
    : instruction(createdBy);
}

/** The classic builder writes a comment of the shell before what is no command, and a shell before what is. */
function instruction(createdBy: string): string {
  const plain = createdBy.replace(/^\/bin\/sh -c #\(nop\)\s+/, '');
  return plain.replace(/^\/bin\/sh -c /, 'RUN ').trim();
}

/** How large a layer is, and how that is known. */
export function sizeOf({ bytes: told, counted }: DiskLayerAnswer): string {
  if (told !== undefined) return bytes(told);
  if (!counted) return '';
  const names = `${counted.entries.toLocaleString()} ${counted.entries === 1 ? 'name' : 'names'}`;
  return counted.more ? `more than ${names}, ${bytes(counted.bytes)}` : `${names}, ${bytes(counted.bytes)}`;
}

const TYPES: Readonly<Record<DiskEntry['kind'], string>> = {
  folder: 'd',
  file: '-',
  link: 'l',
  whiteout: 'c',
  device: 'c',
  fifo: 'p',
  socket: 's',
};

/** The mode as ls(1) writes it: `drwxr-xr-x`. */
export function modeOf({ kind, mode, device }: Pick<DiskEntry, 'kind' | 'mode' | 'device'>): string {
  const type = device?.startsWith('block') ? 'b' : TYPES[kind];
  const three = (shift: number, special: number, letter: string) => {
    const bits = mode >> shift;
    const runs = (bits & 1) !== 0;
    const last = (mode & special) !== 0 ? (runs ? letter : letter.toUpperCase()) : runs ? 'x' : '-';
    return `${bits & 4 ? 'r' : '-'}${bits & 2 ? 'w' : '-'}${last}`;
  };
  return type + three(6, 0o4000, 's') + three(3, 0o2000, 's') + three(0, 0o1000, 't');
}

/** Owner and group by number, as the host counts them. */
export function ownerOf({ uid, gid }: Pick<DiskEntry, 'uid' | 'gid'>): string {
  return `${uid}:${gid}`;
}

/** What a mark or an unusual file means; undefined for plain files, folders and links. */
export function noteOf({ kind, opaque, device, unnameable }: DiskEntry): string | undefined {
  if (kind === 'whiteout')
    return 'whiteout, character device 0/0: hides what lower layers have under this name';
  if (opaque) return 'opaque, trusted.overlay.opaque=y: hides all that lower layers have in this folder';
  if (kind === 'device') return `${device} device: not opened`;
  if (kind === 'fifo') return 'FIFO: not opened';
  if (kind === 'socket') return 'socket: not opened';
  return unnameable ? 'its name is no UTF-8 text: it can’t be asked for' : undefined;
}
