import { statfsSync } from 'node:fs';
import type { Check } from '@underdock/trace';
import { bytesInWords } from '../cli/words.ts';
import { portOwner } from '../server/portOwner.ts';

const ENOUGH_BYTES = 1_000_000_000;
const ENOUGH_FILES = 50_000;

/** Room for images below the state folder: bytes and, where the file system counts them, files. */
export function spaceCheck(stateDir: string, statfs: typeof statfsSync = statfsSync): Check {
  const name = 'space';
  try {
    const { bavail, bsize, files, ffree } = statfs(stateDir);
    const bytes = bavail * bsize;
    const found = `${bytesInWords(bytes)} and ${files > 0 ? `${ffree} files` : 'any number of files'} free in ${stateDir}`;
    if (bytes >= ENOUGH_BYTES && (files === 0 || ffree >= ENOUGH_FILES)) return { name, state: 'ok', found };
    const effect = 'larger images will not fit';
    return {
      name,
      state: 'limited',
      found,
      effect,
      remedy: 'make room there, or choose another folder: --state DIR',
    };
  } catch (error) {
    return unusable(name, stateDir, `can't be looked at (${(error as NodeJS.ErrnoException).code})`);
  }
}

/** A state folder in which nothing can be kept, and so nothing run. */
export function unusable(name: string, stateDir: string, why: string): Check {
  return {
    name,
    state: 'missing',
    found: `the state folder ${stateDir} ${why}`,
    effect: 'nothing can run',
    remedy: 'choose another folder: --state DIR',
  };
}

/** Whether the page's usual port is free. */
export function portCheck(port = 7070): Check {
  const name = 'port';
  const owner = portOwner(port);
  if (!owner || owner.pid === process.pid)
    return { name, state: 'ok', found: owner ? `${port} is ours` : `${port} is free` };
  const found = `${port} is taken by ${owner.name ? `${owner.name} (pid ${owner.pid})` : `a program of user ${owner.uid}`}`;
  return {
    name,
    state: 'limited',
    found,
    effect: 'underdock up needs another port',
    remedy: 'underdock up --port 0',
  };
}
