import { mkdir, readFile, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { EmbeddedError } from '../error.ts';

/** The leaf that processes move to: a cgroup that hands controllers down may hold none itself (cgroups(7), "no internal processes"). */
export const AGENT_LEAF = 'underdock.agent';

/** The delegated cgroup that `own` belongs to: the one above the leaf for a process that has moved there already. */
export function delegatedBase(own: string): string {
  return path.basename(own) === AGENT_LEAF ? path.dirname(own) : own;
}

const MOST_ROUNDS = 20;

/** Moves every process of `base` into its leaf; processes that are born meanwhile are moved in the next round. */
async function moveProcesses(base: string, leaf: string): Promise<void> {
  for (let round = 0; round < MOST_ROUNDS; round += 1) {
    const pids = (await readFile(path.join(base, 'cgroup.procs'), 'utf8')).split('\n').filter(Boolean);
    if (pids.length === 0) return;
    for (const pid of pids) {
      // ESRCH: it has ended; others (kernel threads) can't move and are reported by the next step.
      await writeFile(path.join(leaf, 'cgroup.procs'), pid).catch(() => {});
    }
  }
}

/**
 * Makes a delegated v2 cgroup ready to hold containers' cgroups: its processes, this one among them, move to a leaf, and
 * the controllers among memory, cpu and pids that it was given are handed down. `folder` is its place in the file system.
 * Rejects with EmbeddedError where the kernel does not let it.
 */
export async function enterLeaf(folder: string): Promise<void> {
  const leaf = path.join(folder, AGENT_LEAF);
  try {
    await mkdir(leaf).catch((cause: NodeJS.ErrnoException) => {
      if (cause.code !== 'EEXIST') throw cause;
    });
    await moveProcesses(folder, leaf);
    const given = (await readFile(path.join(folder, 'cgroup.controllers'), 'utf8')).trim().split(/\s+/);
    const words = ['memory', 'cpu', 'pids'].filter((name) => given.includes(name)).map((name) => `+${name}`);
    if (words.length > 0) await writeFile(path.join(folder, 'cgroup.subtree_control'), words.join(' '));
  } catch (cause) {
    throw new EmbeddedError(
      'delegation',
      `can’t hand controllers down from ${folder}: ${(cause as Error).message}`,
      {
        remedy:
          'start underdock in a cgroup of its own: systemd-run --user --scope -p Delegate=yes underdock up',
        cause,
      },
    );
  }
}
