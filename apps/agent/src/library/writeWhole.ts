import { renameSync, rmSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { writeError } from './error.ts';

/**
 * Writes a file (mode 0600) whole or not at all: it takes the old one's place once it is on the disk. `fresh` is its name until then,
 * in the same folder; `what` names it in words. Throws LibraryError `disk-full`, `cannot-write`.
 */
export function writeWhole(
  file: string,
  text: string,
  { fresh, what }: { fresh: string; what: string },
): void {
  try {
    writeFileSync(fresh, text, { mode: 0o600, flush: true });
    renameSync(fresh, file);
  } catch (cause) {
    rmSync(fresh, { force: true });
    throw writeError(what, dirname(file), cause);
  }
}
