import type { TraceEvent } from '@underdock/trace';
import type { ContainerPicture, NamespaceKind, SandboxFact } from './container.ts';
import { number, text, words } from './fields.ts';
import type { ChainState } from './state.ts';

/** Folds what is told of a pod’s sandbox into the picture of the container that it is. */
export function sandboxFold(picture: ContainerPicture, { data, seq }: TraceEvent): ContainerPicture {
  const old = picture.sandbox;
  const sandbox: SandboxFact = {
    name: text(data, 'name') ?? old?.name,
    ready: data.state === 'ready',
    pid: number(data, 'pid') ?? old?.pid,
    image: text(data, 'image') ?? old?.image,
    network: text(data, 'network') ?? old?.network,
    ip: text(data, 'ip') ?? old?.ip,
    shares: words(data, 'shares').length > 0 ? words(data, 'shares') : (old?.shares ?? []),
    seq,
    gone: data.gone === true ? true : old?.gone,
  };
  return { ...picture, sandbox, life: sandbox.gone ? 'gone' : picture.life };
}

/**
 * Where the first container of a trace is a pod’s sandbox, the container that is told of next is the one that is drawn. What was
 * known before any id, the image and the limits above all, is that container’s.
 */
export function enterPod(state: ChainState, event: TraceEvent): ChainState {
  const pod = state.containers[state.container];
  const id = event.container;
  const enters = event.step === 'engine/has-container' && id !== undefined && id !== state.container;
  const own = id === undefined ? undefined : state.containers[id];
  if (!enters || !own || !pod?.sandbox || own.pod !== undefined) return state;
  const { image, reference, registry, digest, platform, layers, limits, defaults, absent } = pod;
  const taken = { image, reference, registry, digest, platform, layers, limits, defaults, absent };
  const left = { image: pod.sandbox.image, limits: {}, defaults: [], layers: [], absent: [] };
  const nothing = { reference: undefined, registry: undefined, digest: undefined, platform: undefined };
  return {
    ...state,
    container: own.id,
    containers: Object.assign(Object.create(null), state.containers, {
      [pod.id]: { ...pod, ...nothing, ...left },
      [own.id]: { ...own, ...taken, pod: pod.id },
    }),
  };
}

/** The sandbox of the pod that a container is in; undefined outside of pods. */
export function podOf(state: ChainState, { pod }: ContainerPicture): ContainerPicture | undefined {
  return pod === undefined ? undefined : state.containers[pod];
}

/**
 * The kinds of namespaces that a container has in common with its pod’s pause process: of those that the pod is to share, the ones
 * whose inodes are the same.
 */
export function sharedWithPod(
  picture: ContainerPicture,
  pod: ContainerPicture | undefined,
): ReadonlySet<NamespaceKind> {
  const kinds = Object.values(picture.namespaces).flatMap(({ kind, inode, own }) =>
    own && pod?.sandbox?.shares.includes(kind) && pod.namespaces[kind]?.inode === inode ? [kind] : [],
  );
  return new Set(kinds);
}
