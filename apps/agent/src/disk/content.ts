import { closeSync, constants, openSync, readSync } from 'node:fs';
import type { DiskContent } from '@underdock/trace';
import { AgentError } from '../error.ts';
import { redactPatterns } from '../run/secrets.ts';
import { openBeneath, partsOf } from './beneath.ts';
import { secretPath, secretText } from './secretFile.ts';

/** So much of a file is looked at (bytes). */
export const MOST_BYTES = 64 * 1024;

/**
 * A first look at a file of a layer whose root is open. Throws AgentError; `secret-file` for what seems to hold passwords or
 * keys.
 */
export function readContent(root: number, path: string): DiskContent {
  const parts = partsOf(path);
  const whole = `/${parts.join('/')}`;
  refuse(secretPath(whole));
  const { fd, stats } = openBeneath(root, parts);
  try {
    if (!stats.isFile()) {
      throw new AgentError('no-file', `${whole} is no regular file`, {
        remedy: 'only regular files are read',
      });
    }
    const bytes = firstBytes(fd);
    return { path: whole, bytes: stats.size, shown: bytes.length, ...meaning(bytes, stats.size) };
  } finally {
    closeSync(fd);
  }
}

/** Only now, when it is known to be a regular file, it is opened for reading: by the descriptor, not by its path. */
function firstBytes(named: number): Buffer {
  const fd = openSync(
    `/proc/self/fd/${named}`,
    constants.O_RDONLY | constants.O_NONBLOCK | constants.O_NOCTTY,
  );
  try {
    const bytes = Buffer.alloc(MOST_BYTES);
    let filled = 0;
    for (let got = -1; got !== 0 && filled < bytes.length; filled += got)
      got = readSync(fd, bytes, filled, bytes.length - filled, filled);
    return bytes.subarray(0, filled);
  } finally {
    closeSync(fd);
  }
}

function meaning(bytes: Buffer, size: number): Pick<DiskContent, 'text' | 'binary' | 'replaced'> {
  const text = bytes.includes(0) ? undefined : textOf(bytes, size > bytes.length);
  // A key is a key in any encoding that still shows its letters.
  refuse(secretText(text ?? bytes.toString('latin1')));
  if (text === undefined) return { binary: kindOf(bytes), replaced: [] };
  const replaced = new Set<string>();
  return { text: redactPatterns(text, (name) => replaced.add(name)), replaced: [...replaced] };
}

/** A cut may go through the middle of a character. */
function textOf(bytes: Buffer, cut: boolean): string | undefined {
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes, { stream: cut });
  } catch {
    return undefined;
  }
}

const KINDS: readonly (readonly [magic: string, kind: string])[] = [
  ['7f454c46', 'a program or library (ELF)'],
  ['1f8b', 'compressed with gzip'],
  ['28b52ffd', 'compressed with zstd'],
  ['fd377a585a00', 'compressed with xz'],
  ['504b0304', 'a zip archive'],
  ['53514c69746520666f726d6174203300', 'an SQLite database'],
  ['89504e47', 'a PNG picture'],
];

function kindOf(bytes: Buffer): string {
  const start = bytes.subarray(0, 16).toString('hex');
  return KINDS.find(([magic]) => start.startsWith(magic))?.[1] ?? 'no UTF-8 text';
}

function refuse(why: string | undefined): void {
  if (why === undefined) return;
  throw new AgentError('secret-file', `the content is not shown: ${why}`, {
    remedy: 'read it on the host itself if you need it',
  });
}
