import {
  closeSync,
  constants,
  ftruncateSync,
  mkdirSync,
  openSync,
  readFileSync,
  statSync,
  writeSync,
} from 'node:fs';
import { join } from 'node:path';
import { KernelCallError, mustCall } from '../../kernelCalls.ts';
import { EmbeddedError } from './error.ts';

const LOCK_EX = 2;
const LOCK_NB = 4;

/**
 * Takes a state directory for this process alone, making it (mode 0700) where missing. The kernel lets go when the
 * process dies, however it dies. Throws EmbeddedError `state-in-use` or `state-unusable`. Returns how to let go.
 */
export function lockState(stateDir: string): () => void {
  const file = join(stateDir, 'lock');
  const fd = openLock(stateDir, file);
  try {
    mustCall('flock', 'int flock(int fd, int operation)', fd, LOCK_EX | LOCK_NB);
  } catch (error) {
    closeSync(fd);
    throw inUse(stateDir, file, error);
  }
  ftruncateSync(fd);
  writeSync(fd, `${process.pid}\n`, 0);
  return () => closeSync(fd);
}

function openLock(stateDir: string, file: string): number {
  try {
    mkdirSync(stateDir, { recursive: true, mode: 0o700 });
    const { uid } = statSync(stateDir);
    if (uid !== 0 && uid !== process.geteuid?.()) throw new Error(`it belongs to another user (uid ${uid})`);
    // Not through a link: what it leads to would be emptied.
    const { O_RDWR, O_CREAT, O_APPEND, O_NOFOLLOW } = constants;
    return openSync(file, O_RDWR | O_CREAT | O_APPEND | O_NOFOLLOW, 0o600);
  } catch (cause) {
    throw new EmbeddedError(
      'state-unusable',
      `can’t use the state directory ${stateDir}: ${(cause as Error).message}`,
      { cause, remedy: 'choose a folder that you may write with --state DIR' },
    );
  }
}

function inUse(stateDir: string, file: string, cause: unknown): unknown {
  if (!(cause instanceof KernelCallError) || cause.code !== 'EAGAIN') return cause;
  const holder = readFileSync(file, 'utf8').trim() || 'unknown';
  return new EmbeddedError(
    'state-in-use',
    `the state directory ${stateDir} is in use by another underdock (process ${holder})`,
    { cause, remedy: `stop process ${holder}, or choose another folder with --state DIR` },
  );
}
