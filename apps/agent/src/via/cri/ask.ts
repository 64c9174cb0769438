import type { Actor } from '@underdock/trace';
import type { Tell } from '../../run/tell.ts';
import { type Calling, call } from '../grpc/call.ts';
import type { Daemon } from '../grpc/daemon.ts';
import type { GrpcCode } from '../grpc/failure.ts';

/** No kubelet is at work: whoever speaks to the runtime says so by its name. */
export const KUBELET_ACTOR: Actor = { name: 'underdock as kubelet', pid: process.pid };

/** A container runtime that speaks the CRI, chosen for a run. */
export interface CriRuntime {
  daemon: Daemon;
  kind: 'host' | 'private';
  /** Below this cgroup its pods’ cgroups are made; undefined where systemd is asked for cgroups, by slices. */
  cgroup: string | undefined;
  /** Whether pods can have a network of their own: what the CRI calls NetworkReady. */
  networkReady: boolean;
  /** How one of underdock’s own has died; undefined while it lives. */
  death?: () => string | undefined;
  /** The image of the pause container, where the runtime says it. */
  pauseImage?: string;
}

/** One call of the CRI: on whose behalf, and what is told of it. */
export interface CriAsking extends Pick<Calling, 'request' | 'container' | 'timeoutMs' | 'signal'> {
  tell: Tell;
  cause: string[];
  /** What the runtime does for it, told as an act of the runtime’s. */
  act?: { step: string; data: Record<string, unknown>; ended?: (answer: never) => Record<string, unknown> };
  /** The crictl command that does the same. */
  crictl?: string;
  fine?: readonly GrpcCode[];
}

const SERVICES = { runtime: 'runtime.v1.RuntimeService', image: 'runtime.v1.ImageService' } as const;

/** Makes one call of the CRI and tells it as a kubelet’s. `RunPodSandbox`; `image:PullImage` for the other service. */
export function askCri<T extends object>(
  { daemon }: Pick<CriRuntime, 'daemon'>,
  verb: string,
  message: Record<string, unknown>,
  { act, crictl, ...asking }: CriAsking,
): Promise<T> {
  const [service, name] = verb.startsWith('image:')
    ? [SERVICES.image, verb.slice('image:'.length)]
    : [SERVICES.runtime, verb];
  const method = `${service}/${name}`;
  // The endpoint is named where it is not one of those that crictl finds by itself.
  const equivalent = crictl && `crictl --runtime-endpoint unix://${daemon.socket} ${crictl}`;
  return call<T>(daemon, method, message, {
    ...asking,
    ...(equivalent ? { equivalent } : {}),
    asker: { step: 'engine/call', actor: KUBELET_ACTOR },
    ...(act ? { act: { ...act, data: { protocol: 'grpc', method, ...act.data } } } : {}),
  });
}
