import { createHash } from 'node:crypto';
import { readText } from './cgroupFiles.ts';

/** Environment variable by which processes that were started for this state directory can be told from all others. */
function variableFor(stateDir: string): string {
  return `UNDERDOCK_OWNS_${createHash('sha256').update(stateDir).digest('hex').slice(0, 12)}`;
}

/** From now on everything that this process starts carries the mark of its state directory. Returns how to end that. */
export function markChildren(stateDir: string): () => void {
  const name = variableFor(stateDir);
  process.env[name] = '1';
  return () => {
    delete process.env[name];
  };
}

/** Whether a process was started by an agent with this state directory, as its environment shows (proc(5)). */
export function carriesMark(pid: number, stateDir: string): boolean {
  return readText(`/proc/${pid}/environ`)
    .split('\0')
    .includes(`${variableFor(stateDir)}=1`);
}
