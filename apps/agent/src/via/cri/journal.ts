import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { entriesIn } from '../entries.ts';

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

/** Where a run’s pod writes the logs of its containers. */
export function logFolder(stateDir: string, run: string): string {
  return join(stateDir, 'cri', 'logs', run);
}

const entries = entriesIn<CriEntry>('cri');
/** What runs have in a runtime: see `Entries`. */
export const { write: writeEntry, read: readEntries } = entries;

/** The run has nothing in a runtime any more, and no logs. */
export function removeEntry(stateDir: string, run: string): void {
  entries.remove(stateDir, run);
  rmSync(logFolder(stateDir, run), { recursive: true, force: true });
}
