import { entriesIn } from '../entries.ts';

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

/** What runs have in an engine: see `Entries`. */
export const {
  write: writeEntry,
  remove: removeEntry,
  read: readEntries,
} = entriesIn<JournalEntry>('docker');
