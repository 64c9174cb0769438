import { mkdirSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

/** A container of an engine that a run has made: what the next agent must know to take it away. */
export interface JournalEntry {
  run: string;
  container: string;
  name: string;
  /** The engine's. */
  socket: string;
  /** The engine is underdock's own: when it is gone, nothing of the container lives. */
  private: boolean;
  /** Of such an engine. */
  network?: 'none' | 'bridge';
  state: 'live' | 'kept';
}

function folderOf(stateDir: string): string {
  return join(stateDir, 'docker');
}

/** Writes down what a run has in an engine, whole or not at all. */
export function writeEntry(stateDir: string, entry: JournalEntry): void {
  const folder = folderOf(stateDir);
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  const file = join(folder, `${entry.run}.json`);
  writeFileSync(`${file}.new`, JSON.stringify(entry), { mode: 0o600 });
  renameSync(`${file}.new`, file);
}

/** The run has nothing in an engine any more. */
export function removeEntry(stateDir: string, run: string): void {
  rmSync(join(folderOf(stateDir), `${run}.json`), { force: true });
}

/** Everything that was written down and not taken back; files that make no sense are left out. */
export function readEntries(stateDir: string): JournalEntry[] {
  let names: string[];
  try {
    names = readdirSync(folderOf(stateDir)).filter((name) => name.endsWith('.json'));
  } catch {
    return [];
  }
  return names.flatMap((name) => {
    try {
      return [JSON.parse(readFileSync(join(folderOf(stateDir), name), 'utf8')) as JournalEntry];
    } catch {
      return [];
    }
  });
}
