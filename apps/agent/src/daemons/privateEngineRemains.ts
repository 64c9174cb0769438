import { createHash } from 'node:crypto';
import { readdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { allProcesses, killAll, lives, type ProcessStat } from '../processes.ts';
import { cgroupFolders, readText, removeCgroup } from '../via/embedded/cgroupFiles.ts';

/** What lies in an engine's folder only while it runs. Images and what containers wrote stay. */
const PASSING = [
  'ctd-run',
  'docker-run',
  'docker.sock',
  'docker.pid',
  'containerd.sock',
  'containerd.sock.ttrpc',
];

function nameOf(folder: string): string {
  return createHash('sha256').update(folder).digest('hex').slice(0, 12);
}

/** Environment by which everything that an engine in this folder starts (shims, proxies) can be told from all others. */
export function engineMark(folder: string): Record<string, string> {
  return { UNDERDOCK_ENGINE: nameOf(folder) };
}

/** The cgroup below which an engine in this folder makes its containers' cgroups. */
export function engineCgroup(folder: string): string {
  return `/underdock-engine-${nameOf(folder)}`;
}

/**
 * Takes apart what an engine that is gone left: daemons, shims, containers' processes, cgroups, sockets. Its mounts go with the
 * last process of its mount namespace. Resolves with what was done, in words; what could not be done is among it.
 */
export async function cleanPrivateEngine(folder: string): Promise<string[]> {
  const sockets = shimSockets(folder);
  const actions = await killAll(() => processesOf(folder));
  for (const cgroup of cgroupFolders(engineCgroup(folder))) {
    if (!removeCgroup(cgroup)) actions.push(`the cgroup ${cgroup} could not be removed`);
  }
  for (const file of [...sockets, ...PASSING.map((name) => join(folder, name))]) {
    rmSync(file, { recursive: true, force: true });
  }
  return actions;
}

/** By the mark in their environment; containers, whose environment is their own, by their cgroup. */
function processesOf(folder: string): ProcessStat[] {
  const [mark = ''] = Object.entries(engineMark(folder)).map(([name, value]) => `${name}=${value}`);
  const cgroup = `:${engineCgroup(folder)}/`;
  return allProcesses().filter((stat) => {
    const { pid } = stat;
    if (pid === process.pid || !lives(stat)) return false;
    if (readText(`/proc/${pid}/cgroup`).includes(cgroup)) return true;
    return readText(`/proc/${pid}/environ`).split('\0').includes(mark);
  });
}

/** Shims listen outside of the engine's folder (/run/containerd/s); each bundle names its shim's socket. */
function shimSockets(folder: string): string[] {
  const root = join(folder, 'ctd-run', 'io.containerd.runtime.v2.task');
  return namesIn(root)
    .flatMap((namespace) => namesIn(join(root, namespace)).map((id) => join(root, namespace, id, 'address')))
    .map((file) => readText(file).trim())
    .filter((address) => /^unix:\/\/\/run\/containerd\/s\/[0-9a-f]{64}$/.test(address))
    .map((address) => address.slice('unix://'.length));
}

function namesIn(folder: string): string[] {
  try {
    return readdirSync(folder);
  } catch {
    return [];
  }
}
