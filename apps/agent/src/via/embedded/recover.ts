import { execFile } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { promisify } from 'node:util';
import { allProcesses, bootId, isAlive, killAll, lives, type ProcessStat } from '../../processes.ts';
import { programPath } from '../../programs.ts';
import { cgroupFolders, readText, removeCgroup } from './cgroupFiles.ts';
import { removeUnused } from './garbage.ts';
import { removePartials } from './highLevelLayers.ts';
import { type FoundRun, markLives, readJournals } from './journal.ts';
import type { Runtimes } from './lowLevel/runtimes.ts';
import { carriesMark } from './ownership.ts';
import { removeAll } from './removal.ts';

const run = promisify(execFile);

/** What was found of one run that an earlier agent left, and what was done about it. */
export interface Recovered {
  run: string;
  container: string;
  name: string;
  /** The state that it was left in. */
  state: string;
  /** In words, in order: `killed process 4711 (sh)`. */
  actions: string[];
}

/**
 * Takes apart what agents that are gone left under a state directory that is locked for us: processes, the runtime's
 * containers, mounts, cgroups, folders, half-written layers. Kept containers stay. Never rejects: what could not be
 * removed is among the actions.
 */
export async function recover(stateDir: string, runtimes: Runtimes): Promise<Recovered[]> {
  const left = readJournals(stateDir).filter(
    ({ entry }) => !entry || (entry.state !== 'kept' && !markLives(entry.agent)),
  );
  const recovered: Recovered[] = [];
  for (const found of left) recovered.push(await recoverRun(stateDir, found, runtimes));
  const partial = removePartials(stateDir);
  if (partial.length > 0) {
    const actions = partial.map((path) => `removed the half-written ${path}`);
    recovered.push({ run: '', container: '', name: '', state: 'preparing', actions });
  }
  const unused = await removeUnused(stateDir).catch((error: Error) => [
    `could not tidy up: ${error.message}`,
  ]);
  if (unused.length > 0) {
    recovered.push({ run: '', container: '', name: '', state: 'unused', actions: unused });
  }
  return recovered;
}

async function recoverRun(stateDir: string, found: FoundRun, runtimes: Runtimes): Promise<Recovered> {
  const { entry, folder } = found;
  const actions: string[] = [];
  const attempt = async (what: string, act: () => Promise<string[]>) => {
    try {
      actions.push(...(await act()));
    } catch (error) {
      actions.push(`could not ${what}: ${(error as Error).message}`);
    }
  };
  const belongs: Belonging = {
    stateDir,
    folder,
    container: entry?.container,
    cgroup: entry?.cgroup,
    init: entry?.agent.boot === bootId() ? entry.init : undefined,
  };
  await attempt('kill its processes', () => killAll(() => processesOf(belongs)));
  if (entry) {
    await attempt('delete it with its runtime', async () => {
      const runtime = await runtimes.choose(entry.runtime);
      await runtime.delete(entry.container, undefined, undefined, true);
      return [`deleted the container with ${runtime.name}`];
    });
    await attempt('kill its processes', () => killAll(() => processesOf(belongs)));
  }
  await attempt('unmount its filesystems', () => unmountBelow(folder));
  if (entry) await attempt('remove its cgroups', async () => removeCgroups(entry.cgroup));
  await attempt('remove its folder', async () => {
    await removeAll(folder);
    return [`removed ${folder}`];
  });
  const { container = '', name = '', state = 'preparing' } = entry ?? {};
  return { run: found.run, container, name, state, actions };
}

/** How a process is known to belong to a run that an agent left. */
interface Belonging {
  stateDir: string;
  folder: string;
  container: string | undefined;
  cgroup: string | undefined;
  init: { pid: number; startTime: number } | undefined;
}

/** By its cgroup, by our mark together with its id or folder among the arguments, by descent from those. */
function processesOf(belongs: Belonging): ProcessStat[] {
  const all = allProcesses().filter((stat) => stat.pid !== process.pid && lives(stat));
  const own = new Set<number>();
  for (const { pid } of all) if (isInCgroup(pid, belongs) || isStartedFor(pid, belongs)) own.add(pid);
  const { init } = belongs;
  if (init && isAlive(init.pid, init.startTime)) own.add(init.pid);
  for (let before = -1; own.size > before; ) {
    before = own.size;
    for (const { pid, parent } of all) if (own.has(parent)) own.add(pid);
  }
  return all.filter(({ pid }) => own.has(pid));
}

function isInCgroup(pid: number, { container, cgroup }: Belonging): boolean {
  return container !== undefined && cgroup !== undefined && readText(`/proc/${pid}/cgroup`).includes(cgroup);
}

function isStartedFor(pid: number, { stateDir, folder, container }: Belonging): boolean {
  const words = readText(`/proc/${pid}/cmdline`);
  const named = words.includes(folder) || (container !== undefined && words.includes(container));
  return named && carriesMark(pid, stateDir);
}

async function unmountBelow(folder: string): Promise<string[]> {
  const actions: string[] = [];
  for (const point of mountPointsBelow(folder).reverse()) {
    await run(programPath('umount'), ['-l', point]);
    actions.push(`unmounted ${point}`);
  }
  return actions;
}

/** Mount points at or below a folder, in the order they were mounted. proc(5) writes spaces in them as \040. */
export function mountPointsBelow(folder: string): string[] {
  return readFileSync('/proc/self/mountinfo', 'utf8')
    .split('\n')
    .map((line) =>
      (line.split(' ')[4] ?? '').replace(/\\([0-7]{3})/g, (_, octal) =>
        String.fromCharCode(parseInt(octal, 8)),
      ),
    )
    .filter((point) => point === folder || point.startsWith(`${folder}/`));
}

function removeCgroups(path: string): string[] {
  return cgroupFolders(path).map((folder) =>
    removeCgroup(folder) ? `removed the cgroup ${folder}` : `the cgroup ${folder} could not be removed`,
  );
}
