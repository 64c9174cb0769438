import { execFile } from 'node:child_process';
import { statSync } from 'node:fs';
import { promisify } from 'node:util';
import { findProgram } from './programs.ts';

const run = promisify(execFile);

/** On a busy or emulated machine the start of a large program alone takes seconds. */
const LIMIT_MS = 30_000;

/** What a program printed. */
export interface Answer {
  stdout: string;
  stderr: string;
}

const answers = new Map<string, Promise<Answer>>();

/**
 * What a program of this host says to some words: its version, say. Asked once in the life of this process, and again
 * when the file, or one of those that the words name, has changed. Rejects when it can't be run, is silent for 30 s, or fails.
 */
export function answerOf(name: string, words: readonly string[]): Promise<Answer> {
  const file = findProgram(name) ?? name;
  const key = JSON.stringify([file, words, [file, ...words].map(fingerprint)]);
  const known = answers.get(key);
  if (known) return known;
  const asked = run(file, [...words], { timeout: LIMIT_MS });
  answers.set(key, asked);
  // What failed may have been the moment's fault.
  asked.catch(() => answers.delete(key));
  return asked;
}

/** Changes when a file is replaced or written; undefined for what is no absolute path or not there. */
export function fingerprint(path: string): string | undefined {
  if (!path.startsWith('/')) return undefined;
  const found = statSync(path, { throwIfNoEntry: false });
  return found && `${found.dev}:${found.ino}:${found.size}:${found.mtimeMs}:${found.ctimeMs}`;
}
