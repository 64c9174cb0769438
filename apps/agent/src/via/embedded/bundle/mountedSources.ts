import { stat } from 'node:fs/promises';
import { EmbeddedError } from '../error.ts';
import { MASKED_PATHS } from './mounts.ts';
import { resolveInRootfs } from './rootfsFiles.ts';
import type { MountSource } from './volumes.ts';

/**
 * Makes sure that the bind mounts of a container that waits for start show what was looked at when they were allowed: who
 * may write in an allowed folder could have put a link to somewhere else in its place since. Rejects with EmbeddedError
 * `mount-changed`. `pid` is the waiting init's.
 */
export async function checkMountedSources(sources: readonly MountSource[], pid: number): Promise<void> {
  const root = `/proc/${pid}/root`;
  for (const { destination, device, inode } of sources) {
    if (MASKED_PATHS.includes(destination)) continue;
    const about = await stat(await resolveInRootfs(root, destination), { bigint: true }).catch(
      () => undefined,
    );
    if (about?.dev === device && about.ino === inode) continue;
    throw new EmbeddedError(
      'mount-changed',
      `what is mounted at ${destination} is not what was allowed: its source was exchanged meanwhile`,
      {
        remedy: 'let nobody else move or link things in that folder while a container is made, and try again',
      },
    );
  }
}
