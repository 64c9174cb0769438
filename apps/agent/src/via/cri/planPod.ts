import { existsSync } from 'node:fs';
import type { RunRequest } from '@underdock/trace';
import type { ViaContext } from '../via.ts';
import { type CriRuntime, KUBELET_ACTOR } from './ask.ts';
import type { CriPod } from './criPod.ts';
import { numberIn } from './failure.ts';
import { criMounts, type PodContext } from './flags.ts';

/** What a pod is made of besides the request. */
export interface PodParts extends Pick<PodContext, 'name' | 'image' | 'logs' | 'unified'> {
  runtime: CriRuntime;
}

/** Chooses a pod’s network, cgroup and mounts. Where the runtime has no network for pods, the node’s is taken and that is told. */
export async function planPod(
  { runtime, ...parts }: PodParts,
  request: RunRequest,
  { runId: run, allowedMounts, tell, clientSpan }: ViaContext,
): Promise<PodContext> {
  const { network } = request;
  const onNode = network === 'host' || (network === undefined && !runtime.networkReady);
  if (onNode && network === undefined) {
    const why =
      'the runtime has no pod network (NetworkReady is false: no CNI configuration), so the pod is in the node’s';
    const told = { cause: [clientSpan], actor: KUBELET_ACTOR };
    tell.log('low-level/absent', { what: 'a network of the pod’s own', why }, told);
  }
  return {
    ...parts,
    run,
    cgroup: runtime.cgroup === undefined ? '' : `${runtime.cgroup}/pod${run}`,
    onNode,
    mounts: await criMounts(request, allowedMounts),
  };
}

/** Without a probe nobody says when a process comes to be. One that was quick has nothing left to be read. */
export async function readBackStarted(pod: CriPod, { tell, clientSpan, waiting }: ViaContext): Promise<void> {
  const { info } = await pod.status(pod.asking());
  const pid = numberIn(info.info, 'pid') ?? 0;
  if (pid > 0 && existsSync(`/proc/${pid}/ns`)) return waiting(pod.container!, pid);
  const why = 'the process had ended before the runtime could be asked for its pid';
  const told = {
    cause: [clientSpan],
    container: pod.container!,
    layer: 'process' as const,
    actor: { name: 'read-back' },
  };
  tell.log('trace/watcher-changed', { name: 'read-back', state: 'missing', why }, told);
}
