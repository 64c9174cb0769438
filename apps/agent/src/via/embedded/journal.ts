import { mkdirSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { bootId, readStat } from '../../processes.ts';

/** What is on disk about a run, from before anything is made for it: the crash of the agent leaves this behind. */
export interface JournalEntry {
  version: 1;
  run: string;
  container: string;
  name: string;
  /** The agent that made it; another boot or another start time means that it is gone. */
  agent: ProcessMark;
  state: 'preparing' | 'created' | 'held' | 'running' | 'stopping' | 'removing' | 'kept';
  /** The low-level runtime as the user may name it. */
  runtime: string;
  /** Path below each cgroup hierarchy. */
  cgroup: string;
  init?: { pid: number; startTime: number };
  /** Names of the unpacked layers that its snapshot stands on. */
  layers?: string[];
  exitCode?: number;
}

/** Tells a process from any other, on this machine and over boots. */
export interface ProcessMark {
  pid: number;
  startTime: number;
  boot: string;
}

const FILE = 'state.json';

/** The folder of a run: bundle, snapshot and journal. */
export function runFolder(stateDir: string, run: string): string {
  return join(stateDir, 'runs', run);
}

/** The mark of this process. */
export function ownMark(): ProcessMark {
  return { pid: process.pid, startTime: readStat(process.pid)?.startTime ?? 0, boot: bootId() };
}

/** Whether the process of this mark still lives. */
export function markLives(mark: ProcessMark): boolean {
  return mark.boot === bootId() && readStat(mark.pid)?.startTime === mark.startTime;
}

/**
 * The journal of one run. Every change is on disk, whole, when the call returns; on a disk that is full the entry before it
 * stays, which says no less about what has to be taken apart.
 */
export class Journal {
  readonly folder: string;
  #entry: JournalEntry;

  /** Makes the run's folder (mode 0700) and its first entry. */
  constructor(stateDir: string, entry: JournalEntry) {
    this.folder = runFolder(stateDir, entry.run);
    this.#entry = entry;
    mkdirSync(this.folder, { recursive: true, mode: 0o700 });
    this.#write();
  }

  get entry(): Readonly<JournalEntry> {
    return this.#entry;
  }

  change(part: Partial<JournalEntry>): void {
    this.#entry = { ...this.#entry, ...part };
    try {
      this.#write();
    } catch (error) {
      const { code } = error as NodeJS.ErrnoException;
      if (code !== 'ENOSPC' && code !== 'EDQUOT') throw error;
      rmSync(join(this.folder, `${FILE}.new`), { force: true });
    }
  }

  #write(): void {
    const file = join(this.folder, FILE);
    writeFileSync(`${file}.new`, `${JSON.stringify(this.#entry, null, 1)}\n`, { mode: 0o600 });
    renameSync(`${file}.new`, file);
  }
}

/** A run's folder as an agent left it; without an entry when the agent died while making it. */
export interface FoundRun {
  folder: string;
  run: string;
  entry: JournalEntry | undefined;
}

/** What is left of all runs under this state directory, kept containers included. */
export function readJournals(stateDir: string): FoundRun[] {
  const folder = join(stateDir, 'runs');
  return namesIn(folder).map((run) => ({
    folder: join(folder, run),
    run,
    entry: readEntry(join(folder, run)),
  }));
}

function namesIn(folder: string): string[] {
  try {
    return readdirSync(folder);
  } catch {
    return [];
  }
}

function readEntry(folder: string): JournalEntry | undefined {
  try {
    const entry = JSON.parse(readFileSync(join(folder, FILE), 'utf8')) as JournalEntry;
    // Whatever is in such a cgroup will be killed: a path that is all or nothing is none of ours.
    const isWhole = entry.container?.length > 0 && entry.cgroup?.length > 1 && entry.agent?.pid > 0;
    return entry.version === 1 && isWhole ? entry : undefined;
  } catch {
    return undefined;
  }
}
