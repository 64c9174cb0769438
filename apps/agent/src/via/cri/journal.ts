import { mkdirSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

/** What a run has in a runtime: what the next agent must know to take it away. Its pods carry the run’s id as a label. */
export interface CriEntry {
  run: string;
  name: string;
  socket: string;
  /** In underdock’s own containerd. */
  private: boolean;
  /** The pod’s cgroup; empty where the runtime chose one. */
  cgroup: string;
  container?: string;
  state: 'live' | 'kept';
}

function folderOf(stateDir: string): string {
  return join(stateDir, 'cri');
}

/** Where a run’s pod writes the logs of its containers. */
export function logFolder(stateDir: string, run: string): string {
  return join(folderOf(stateDir), 'logs', run);
}

/** Writes down what a run has in a runtime, whole or not at all. */
export function writeEntry(stateDir: string, entry: CriEntry): void {
  const folder = folderOf(stateDir);
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  const file = join(folder, `${entry.run}.json`);
  writeFileSync(`${file}.new`, JSON.stringify(entry), { mode: 0o600 });
  renameSync(`${file}.new`, file);
}

/** The run has nothing in a runtime any more. */
export function removeEntry(stateDir: string, run: string): void {
  rmSync(join(folderOf(stateDir), `${run}.json`), { force: true });
  rmSync(logFolder(stateDir, run), { recursive: true, force: true });
}

/** Everything that was written down and not taken back; files that make no sense are left out. */
export function readEntries(stateDir: string): CriEntry[] {
  let names: string[];
  try {
    names = readdirSync(folderOf(stateDir)).filter((name) => name.endsWith('.json'));
  } catch {
    return [];
  }
  return names.flatMap((name) => {
    try {
      return [JSON.parse(readFileSync(join(folderOf(stateDir), name), 'utf8')) as CriEntry];
    } catch {
      return [];
    }
  });
}
