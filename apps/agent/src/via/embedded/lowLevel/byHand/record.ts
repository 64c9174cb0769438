import { mkdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { bootId, isAlive } from '../../../../processes.ts';

/** What by-hand has to know about a container later, also after a crash: kept as a file, since no daemon remembers it. */
export interface ByHandRecord {
  id: string;
  /** The container's first process and its start time (proc_pid_stat(5), field 22), which tells it from a later one of this number. */
  pid: number;
  startTime: number;
  /** The boot that the start time counts from. */
  boot: string;
  /** Folder with the tools and the FIFO; removed with the container. */
  work: string;
  cgroups: string[];
  started: boolean;
}

/** Keeps one file for a container under `root`. */
export class RecordStore {
  #root: string;
  constructor(root: string) {
    this.#root = root;
  }

  #file(id: string): string {
    return path.join(this.#root, `${id}.json`);
  }

  /** Whole or not at all: written beside and renamed. */
  async save(record: ByHandRecord): Promise<void> {
    await mkdir(this.#root, { recursive: true, mode: 0o700 });
    const fresh = `${this.#file(record.id)}.new`;
    await writeFile(fresh, JSON.stringify(record), { mode: 0o600 });
    await rename(fresh, this.#file(record.id));
  }

  /** The container's record, or undefined where there is none (or none that can be read). */
  async load(id: string): Promise<ByHandRecord | undefined> {
    const text = await readFile(this.#file(id), 'utf8').catch(() => '');
    try {
      return JSON.parse(text) as ByHandRecord;
    } catch {
      return undefined;
    }
  }

  async forget(id: string): Promise<void> {
    await rm(this.#file(id), { force: true });
  }
}

/** Whether the container's first process still lives. */
export function recordAlive(record: ByHandRecord): boolean {
  return record.pid > 0 && record.boot === bootId() && isAlive(record.pid, record.startTime);
}
