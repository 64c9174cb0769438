import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Telling } from '../../run/tell.ts';
import { cgroupMounts } from '../embedded/bundle/cgroups.ts';
import { cgroupFolders, readText, removeCgroup } from '../embedded/cgroupFiles.ts';
import { type CriAsking, KUBELET_ACTOR } from './ask.ts';

/** The pause process counts too. */
const PAUSE = 1;
const WHY =
  'the CRI has no field for the number of processes: a kubelet limits the whole pod by the pod’s cgroup, pause included';

/**
 * Limits the number of processes in a pod as a kubelet does where the CRI has no words for it: in the cgroup above its containers’.
 * Tells what it wrote; a cgroup that can’t be written is told as a failure and leaves the pod without that limit.
 */
export function limitPod(
  path: string,
  pidsLimit: number,
  { tell, cause }: Pick<CriAsking, 'tell' | 'cause'>,
): void {
  const pids = cgroupMounts(readFileSync('/proc/self/mountinfo', 'utf8')).mounts.pids;
  if (pids === undefined || pidsLimit < 0) return;
  const value = String(pidsLimit + PAUSE);
  const act: Telling = tell.begin(
    'engine/limit-pod',
    { path, name: 'pids.max', value, why: WHY },
    { cause, actor: KUBELET_ACTOR },
  );
  const file = join(pids, path, 'pids.max');
  try {
    mkdirSync(join(pids, path), { recursive: true });
    writeFileSync(file, value);
    act.end({ files: [file] }, [{ source: 'file', raw: { file, value } }]);
  } catch (error) {
    act.fail(error);
  }
}

/** The limit as the kernel has it now, told of the container that it is in force for. */
export function tellPodLimit(
  path: string,
  container: string,
  { tell, cause }: Pick<CriAsking, 'tell' | 'cause'>,
): void {
  const pids = cgroupMounts(readFileSync('/proc/self/mountinfo', 'utf8')).mounts.pids;
  const file = join(pids ?? '', path, 'pids.max');
  const value = readText(file).trim();
  if (pids === undefined || value === '') return;
  const about = {
    name: 'pids.max',
    controller: 'pids',
    meaning: 'pids',
    number: value === 'max' ? null : Number(value),
  };
  const evidence = [{ source: 'file' as const, raw: { file, text: value } }];
  const told = { cause, container, layer: 'kernel' as const, actor: { name: 'read-back' }, evidence };
  tell.fact('kernel/has-cgroup-value', { file, value, ...about }, told);
}

/** Removes a pod’s cgroups, which its runtime leaves behind. Returns those that could not be removed. */
export function removePodCgroup(path: string): string[] {
  if (path === '') return [];
  return cgroupFolders(path).filter((folder) => !removeCgroup(folder));
}
