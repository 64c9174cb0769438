import { readlink, rm } from 'node:fs/promises';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { readStat } from '../../../../processes.ts';
import { emptied } from './emptied.ts';
import { type ByHandRecord, type RecordStore, recordAlive } from './record.ts';
import type { Step } from './step.ts';
import { writtenPid } from './waiting.ts';

const LOOK_EVERY_MS = 10;
const MOST_LOOKS = 500;

/** The waiting process of a container whose making was cut off before its number was kept. */
async function strayPid(record: ByHandRecord): Promise<number | undefined> {
  const pid = await writtenPid(record.work);
  if (pid === undefined) return undefined;
  const folder = await readlink(`/proc/${pid}/cwd`).catch(() => '');
  return isItsFolder(folder, path.join(record.work, 'tools')) ? pid : undefined;
}

/** Where the folder lies on a mount of its own, a process that has left the host's root sees it from that mount's root. */
function isItsFolder(seen: string, folder: string): boolean {
  return seen === folder || (seen.split('/').length > 3 && folder.endsWith(seen));
}

async function gone(pid: number, startTime: number): Promise<void> {
  for (let looked = 0; looked < MOST_LOOKS; looked += 1) {
    const now = readStat(pid);
    if (now === undefined || now.state === 'Z' || (startTime > 0 && now.startTime !== startTime)) return;
    await sleep(LOOK_EVERY_MS);
  }
}

/** A process may end between the look and the signal. */
function kill(pid: number): void {
  try {
    process.kill(pid, 'SIGKILL');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error;
  }
}

/**
 * Ends the first process, and with it its pid namespace and mounts; then the cgroups (by `run`, so that it is told), the
 * work folder and the record go. What is gone already is passed over.
 */
export async function removeContainer(
  record: ByHandRecord,
  records: RecordStore,
  run: (step: Step) => Promise<void>,
): Promise<void> {
  const pid = record.pid || (await strayPid(record));
  if (pid !== undefined && (record.pid === 0 || recordAlive(record))) kill(pid);
  if (pid !== undefined) await gone(pid, record.startTime);
  const left = await emptied(record.cgroups);
  if (left.length > 0) await run({ why: 'remove the cgroups', words: ['rmdir', ...left] });
  await rm(record.work, { recursive: true, force: true });
  await records.forget(record.id);
}
