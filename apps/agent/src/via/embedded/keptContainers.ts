import { readJournals } from './journal.ts';
import { removeAll } from './removal.ts';

/** Removes the files of a container that was kept, by its run's id. False when there is none of that id. */
export async function removeKept(stateDir: string, run: string): Promise<boolean> {
  const kept = readJournals(stateDir).find((found) => found.run === run && found.entry?.state === 'kept');
  if (!kept) return false;
  await removeAll(kept.folder);
  return true;
}
