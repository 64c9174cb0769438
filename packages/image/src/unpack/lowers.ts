import { lstatSync, type Stats } from 'node:fs';
import { errnoOf } from '../error.ts';
import type { KernelCalls } from './kernelCalls.ts';
import { below, fsPath } from './paths.ts';

/** lstat(2), or undefined where nothing is. Paths are byte strings. */
export function look(path: string): Stats | undefined {
  try {
    return lstatSync(fsPath(path));
  } catch (error) {
    const errno = errnoOf(error);
    if (errno === 'ENOENT' || errno === 'ENOTDIR') return undefined;
    throw error;
  }
}

/** overlayfs’ mark for "deleted here": a character device 0/0. */
export function isWhiteout(stats: Stats): boolean {
  return stats.isCharacterDevice() && stats.rdev === 0;
}

/** The layers below one that is being unpacked for overlayfs, merged as the kernel would. */
export class Lowers {
  readonly #folders: readonly string[];
  readonly #calls: KernelCalls;
  readonly #opaqueName: string;
  /** `folders`: nearest first, as byte strings. */
  constructor(folders: readonly string[], calls: KernelCalls, opaqueName: string) {
    this.#folders = folders;
    this.#calls = calls;
    this.#opaqueName = opaqueName;
  }

  /** What the merged layers have at a path (its folders are real folders there), and in which layer. */
  find(relative: string): { path: string; stats: Stats } | undefined {
    const parts = relative.split('/');
    for (const folder of this.#folders) {
      const found = this.#findIn(folder, parts);
      if (found === 'hidden') return undefined;
      if (found) return found;
    }
    return undefined;
  }

  #findIn(folder: string, parts: string[]): { path: string; stats: Stats } | 'hidden' | undefined {
    let path = folder;
    let opaque = false;
    for (const [index, part] of parts.entries()) {
      path = below(path, part);
      const stats = look(path);
      if (!stats) return opaque ? 'hidden' : undefined;
      if (isWhiteout(stats)) return 'hidden';
      if (index === parts.length - 1) return { path, stats };
      if (!stats.isDirectory()) return 'hidden';
      opaque ||= this.#calls.getXattr?.(Buffer.from(path, 'latin1'), this.#opaqueName)?.toString() === 'y';
    }
    return undefined;
  }
}
