import { closeSync, lstatSync, opendirSync } from 'node:fs';
import { openBeneath } from './beneath.ts';

/** So many entries are counted at most: counting must not hold up the agent. */
export const MOST_COUNTED = 4000;

/** What lies below a layer’s root, counted. */
export interface Counted {
  entries: number;
  bytes: number;
  /** There is more than was counted. */
  more: boolean;
}

/** Counts entries and the bytes of regular files below an open folder; whiteouts count as entries. Never throws. */
export function countBelow(root: number, most = MOST_COUNTED): Counted {
  const counted: Counted = { entries: 0, bytes: 0, more: false };
  const folders: string[][] = [[]];
  for (let parts = folders.pop(); parts; parts = folders.pop()) {
    try {
      countFolder(root, parts, counted, folders, most);
    } catch {
      // Gone, or not ours to read: what could be counted counts.
      counted.more = true;
    }
    if (counted.entries >= most) return { ...counted, more: true };
  }
  return counted;
}

function countFolder(
  root: number,
  parts: string[],
  counted: Counted,
  folders: string[][],
  most: number,
): void {
  const { fd } = openBeneath(root, parts);
  try {
    const here = `/proc/self/fd/${fd}`;
    // Name by name: a folder of millions must not be read whole for a count that stops early.
    const folder = opendirSync(`${here}/.`);
    try {
      for (let entry = folder.readSync(); entry && counted.entries < most; entry = folder.readSync()) {
        counted.entries++;
        const stats = lstatSync(`${here}/${entry.name}`, { throwIfNoEntry: false });
        if (stats?.isFile()) counted.bytes += stats.size;
        if (stats?.isDirectory()) folders.push([...parts, entry.name]);
      }
    } finally {
      folder.closeSync();
    }
  } finally {
    closeSync(fd);
  }
}
