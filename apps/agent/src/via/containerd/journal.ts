import { mkdirSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

/** What a run has made in a containerd: what the next agent must know to take it away. */
export interface JournalEntry {
  run: string;
  container: string;
  name: string;
  socket: string;
  /** The containerd is underdock’s own: when it is gone, nothing of the container lives. */
  private: boolean;
  snapshotter: string;
  state: 'live' | 'kept';
}

/** Where the files of a run through containerd lie: its streams, its /etc/hosts, and what is written down of it. */
export function runFolder(stateDir: string, run: string): string {
  return join(stateDir, 'containerd-runs', run);
}

/** Writes down what a run has in containerd, whole or not at all. */
export function writeEntry(stateDir: string, entry: JournalEntry): void {
  const folder = runFolder(stateDir, entry.run);
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  const file = join(folder, 'entry.json');
  writeFileSync(`${file}.new`, JSON.stringify(entry), { mode: 0o600 });
  renameSync(`${file}.new`, file);
}

/** The run has nothing in containerd any more, and no files. */
export function removeEntry(stateDir: string, run: string): void {
  rmSync(runFolder(stateDir, run), { recursive: true, force: true });
}

/** Everything that was written down and not taken back; what makes no sense is left out. */
export function readEntries(stateDir: string): JournalEntry[] {
  return namesIn(join(stateDir, 'containerd-runs')).flatMap((run) => {
    try {
      return [JSON.parse(readFileSync(join(runFolder(stateDir, run), 'entry.json'), 'utf8')) as JournalEntry];
    } catch {
      return [];
    }
  });
}

function namesIn(folder: string): string[] {
  try {
    return readdirSync(folder);
  } catch {
    return [];
  }
}
