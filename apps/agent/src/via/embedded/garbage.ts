import { type Stats, statSync, utimesSync } from 'node:fs';
import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { removeTree } from '@underdock/image';
import { readJournals } from './journal.ts';
import { removeAll } from './removal.ts';

/** What nobody has used for so many days goes at the next start. */
export const UNUSED_DAYS = 30;
const DAY_MS = 24 * 60 * 60 * 1000;
const BLOBS = ['images/blobs/sha256', 'images/blobs/sha512', 'starter/blobs/sha256'];

/** Notes that a file is in use: its time of change is when it was used last, within a day. Never throws. */
export function markUsed(file: string): void {
  const found = stat(file);
  const now = Date.now();
  if (!found || now - found.mtimeMs < DAY_MS) return;
  try {
    utimesSync(file, now / 1000, now / 1000);
  } catch {
    // Then it seems older than it is, and is fetched again one day.
  }
}

/**
 * Removes unpacked layers and blobs that nobody has used for some days, but for the layers of kept containers, and the logs
 * of containers that are gone. The state directory is locked for us and nothing runs. Resolves with what was done, in words.
 */
export async function removeUnused(
  stateDir: string,
  options: { days?: number; now?: number } = {},
): Promise<string[]> {
  const { days = UNUSED_DAYS, now = Date.now() } = options;
  const isOld = (found: Stats | undefined) => found !== undefined && now - found.mtimeMs > days * DAY_MS;
  const layers = await unusedLayers(stateDir, isOld);
  for (const layer of layers) {
    await removeAll(layer);
    removeTree(`${layer}.json`);
  }
  const blobs = (await filesIn(stateDir, BLOBS)).filter((file) => isOld(stat(file)));
  const logs = (await filesIn(stateDir, await logFolders(stateDir))).filter((file) => file.endsWith('.log'));
  const bytes = blobs.reduce((sum, file) => sum + (stat(file)?.size ?? 0), 0);
  for (const file of [...blobs, ...logs]) removeTree(file);
  const megabytes = (bytes / 1e6).toFixed(1);
  return [
    ...(layers.length > 0 ? [`removed ${layers.length} unpacked layers, unused for ${days} days`] : []),
    ...(blobs.length > 0 ? [`removed ${blobs.length} blobs (${megabytes} MB), unused for ${days} days`] : []),
  ];
}

async function unusedLayers(
  stateDir: string,
  isOld: (found: Stats | undefined) => boolean,
): Promise<string[]> {
  const kept = readJournals(stateDir).map(({ entry }) => entry?.layers);
  // A container whose layers are not known may stand on any of them.
  if (kept.includes(undefined)) return [];
  const needed = new Set(kept.flat());
  const root = join(stateDir, 'layers');
  const names = (await namesIn(root)).filter((name) => !name.endsWith('.json') && !needed.has(name));
  return (
    names
      .map((name) => join(root, name))
      // The folder itself has the image's time: without the note beside it nothing is known of its use.
      .filter((folder) => isOld(stat(`${folder}.json`)))
  );
}

async function logFolders(stateDir: string): Promise<string[]> {
  const names = await namesIn(join(stateDir, 'runtime'));
  return names.filter((name) => name.endsWith('-log')).map((name) => join('runtime', name));
}

async function filesIn(stateDir: string, folders: readonly string[]): Promise<string[]> {
  const found = await Promise.all(
    folders.map(async (folder) => {
      const path = join(stateDir, folder);
      return (await namesIn(path)).map((name) => join(path, name));
    }),
  );
  return found.flat();
}

async function namesIn(folder: string): Promise<string[]> {
  return readdir(folder).catch(() => []);
}

function stat(path: string): Stats | undefined {
  return statSync(path, { throwIfNoEntry: false });
}
