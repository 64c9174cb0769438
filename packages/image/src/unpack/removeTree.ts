import { chmodSync, lstatSync, readdirSync, rmdirSync, unlinkSync } from 'node:fs';
import { errnoOf } from '../error.ts';
import { below, byteString, fsPath } from './paths.ts';

/** Removes a file or a folder with all that is in it, never following a link; folders without write permission too. */
export function removeTree(path: string): void {
  removeBytes(byteString(path));
}

/** The same for a byte string. */
export function removeBytes(path: string): void {
  try {
    if (!lstatSync(fsPath(path)).isDirectory()) {
      unlinkSync(fsPath(path));
      return;
    }
  } catch (error) {
    if (errnoOf(error) === 'ENOENT') return;
    throw error;
  }
  // A stack of its own: hostile layers nest deep.
  const folders = [path];
  for (let at = folders.length - 1; at >= 0; at = folders.length - 1) {
    const folder = folders[at] ?? path;
    const inner = emptyFolder(folder);
    if (inner.length === 0) {
      rmdirSync(fsPath(folder));
      folders.pop();
    } else folders.push(...inner);
  }
}

/** Unlinks the files of a folder and gives the folders in it. */
function emptyFolder(folder: string): string[] {
  if (process.geteuid?.() !== 0) chmodSync(fsPath(folder), 0o700);
  const inner: string[] = [];
  for (const entry of readdirSync(fsPath(folder), { withFileTypes: true, encoding: 'buffer' })) {
    const path = below(folder, entry.name.toString('latin1'));
    if (entry.isDirectory()) inner.push(path);
    else unlinkSync(fsPath(path));
  }
  return inner;
}
