import { join } from 'node:path';
import { ImageError } from '../error.ts';
import { shownName } from './tarStream.ts';

const ASCII = /^[^\u0080-\uffff]*$/;

/** A byte string (one character a byte) as Node’s fs takes it: text where it is ASCII, else the bytes themselves. */
export function fsPath(path: string): string | Buffer {
  return ASCII.test(path) ? path : Buffer.from(path, 'latin1');
}

/** A path of this program as a byte string. */
export function byteString(path: string): string {
  return ASCII.test(path) ? path : Buffer.from(path, 'utf8').toString('latin1');
}

/** Below a folder; both are byte strings and `relative` has been checked. */
export function below(folder: string, relative: string): string {
  return relative === '' ? folder : `${folder}/${relative}`;
}

/**
 * The folders and the name in a tar’s path, seen from the root: a leading `/` means the root, `.` nothing. Throws
 * ImageError `unsafe-entry` for one that climbs above the root with `..`, or holds a NUL.
 */
export function splitName(name: string, what = 'an entry'): string[] {
  if (name.includes('\0')) throw unsafe(name, `${what} has a NUL in its name`);
  const parts: string[] = [];
  for (const part of name.split('/')) {
    if (part === '' || part === '.') continue;
    if (part !== '..') parts.push(part);
    else if (parts.pop() === undefined) throw unsafe(name, `${what} climbs out of the image with ..`);
  }
  return parts;
}

/** The error for an entry that tries to leave the root. */
export function unsafe(name: string, why: string): ImageError {
  return new ImageError(
    'unsafe-entry',
    `the layer was refused: ${why} (${JSON.stringify(shownName(name))}); do not use this image`,
  );
}

/** Absolute, without a slash at the end. */
export function rootString(folder: string): string {
  return byteString(join(folder).replace(/(?<=.)\/+$/, ''));
}
