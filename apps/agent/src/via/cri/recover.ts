import type { OwnContainerd } from '../../daemons/ownContainerd.ts';
import { silentTell } from '../embedded/lowLevel/silentTell.ts';
import type { Recovered } from '../embedded/recover.ts';
import { askCri, type CriAsking, type CriRuntime } from './ask.ts';
import { RUN_LABEL } from './flags.ts';
import { type CriEntry, readEntries, removeEntry } from './journal.ts';
import { removePodCgroup } from './podCgroup.ts';
import type { CriRuntimes } from './runtimes.ts';

const silent: CriAsking = { tell: silentTell, cause: [], timeoutMs: 15_000 };

/** Removes the pods of a run: what a crash left is known by its label. Resolves with how many there were. */
export async function removePodsOf(runtime: CriRuntime, run: string): Promise<number> {
  const filter = { labelSelector: { [RUN_LABEL]: run } };
  const { items } = await askCri<{ items: { id: string }[] }>(runtime, 'ListPodSandbox', { filter }, silent);
  for (const { id } of items) {
    await askCri(runtime, 'StopPodSandbox', { podSandboxId: id }, silent);
    await askCri(runtime, 'RemovePodSandbox', { podSandboxId: id }, silent);
  }
  return items.length;
}

/**
 * Takes apart what agents that are gone left in runtimes of this host. What lay in underdock’s own containerd has no process any
 * more, and is removed there when that runs again. Kept pods stay. Never rejects: what could not be done is said.
 */
export async function recoverPods(stateDir: string, runtimes: CriRuntimes): Promise<Recovered[]> {
  const recovered: Recovered[] = [];
  for (const entry of readEntries(stateDir)) {
    if (entry.state === 'kept') continue;
    const { run, name, container = '' } = entry;
    const actions = entry.private
      ? ['its containerd is gone; it is removed when underdock’s own runs again']
      : await removeLeft(stateDir, entry, runtimes);
    recovered.push({ run, container, name, state: 'running', actions });
  }
  return recovered;
}

async function removeLeft(stateDir: string, entry: CriEntry, runtimes: CriRuntimes): Promise<string[]> {
  try {
    const runtime = await runtimes.choose({ socket: entry.socket });
    const count = await removePodsOf(runtime, entry.run).finally(() => runtime.daemon.close());
    const left = removePodCgroup(entry.cgroup);
    removeEntry(stateDir, entry.run);
    return [
      count > 0 ? 'removed the pod from the container runtime' : 'the pod was gone already',
      ...left.map((folder) => `the cgroup ${folder} could not be removed`),
    ];
  } catch (error) {
    return [`could not remove it from the container runtime: ${(error as Error).message}`];
  }
}

/** Removes from underdock’s own containerd what is left there of runs that nobody keeps. */
export async function tidyOwn(stateDir: string, runtime: CriRuntime): Promise<void> {
  const live = readEntries(stateDir).filter((entry) => entry.private && entry.state === 'live');
  for (const { run, cgroup } of live) {
    await removePodsOf(runtime, run);
    removePodCgroup(cgroup);
    removeEntry(stateDir, run);
  }
}

/** Removes a pod that was kept, by its run’s id. False when there is none. */
export async function removeKeptPod(
  stateDir: string,
  run: string,
  runtimes: CriRuntimes,
  own: OwnContainerd,
): Promise<boolean> {
  const entry = readEntries(stateDir).find((one) => one.run === run && one.state === 'kept');
  if (!entry) return false;
  if (entry.private) await own.get();
  const runtime = await runtimes.choose(entry.private ? { engine: 'private' } : { socket: entry.socket });
  await removePodsOf(runtime, run).finally(() => runtime.daemon.close());
  removePodCgroup(entry.cgroup);
  removeEntry(stateDir, run);
  return true;
}
