import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';

const LOOK_EVERY_MS = 10;
const MOST_LOOKS = 300;

/** The cgroups among `folders` that exist, once the last process has left each (a dying one is counted until it is gone). */
export async function emptied(folders: readonly string[]): Promise<string[]> {
  const left: string[] = [];
  for (const folder of folders) {
    for (let looked = 0; looked <= MOST_LOOKS; looked += 1) {
      const text = await readFile(path.join(folder, 'cgroup.procs'), 'utf8').catch(() => undefined);
      if (text === undefined) break;
      if (text === '' || looked === MOST_LOOKS) {
        left.push(folder);
        break;
      }
      await sleep(LOOK_EVERY_MS);
    }
  }
  return left;
}
