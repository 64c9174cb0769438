import { join } from 'node:path';
import { entriesIn } from '../entries.ts';

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

/** What runs have in containerd: see `Entries`. */
export const {
  write: writeEntry,
  remove: removeEntry,
  read: readEntries,
} = entriesIn<JournalEntry>('containerd-runs', 'folder');
