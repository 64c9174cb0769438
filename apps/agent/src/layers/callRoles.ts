import type { CallFragment } from '../probe/calls.ts';
import { clientFragment } from './1-client/fragment.ts';
import { engineFragment } from './2-engine/fragment.ts';
import { grpcFragment, kubeletFragment, ttrpcFragment } from './3-high-level/fragment.ts';

/** What is watched in each program of the chain, by its name. An engine may have containerd in its own process. */
export const ROLES: Readonly<Record<string, readonly CallFragment[]>> = {
  dockerd: [engineFragment, grpcFragment, ttrpcFragment],
  containerd: [ttrpcFragment],
  k3s: [kubeletFragment, ttrpcFragment],
  kubelet: [kubeletFragment],
  docker: [clientFragment],
  'docker-compose': [clientFragment],
  ctr: [grpcFragment],
  nerdctl: [grpcFragment],
  crictl: [grpcFragment],
};

/** The names of daemons, which are found by their processes. */
export const DAEMONS: ReadonlySet<string> = new Set(['dockerd', 'containerd', 'k3s', 'kubelet']);
/** The names of clients, which live too short for that and are found by their paths too. */
export const CLIENTS: ReadonlySet<string> = new Set(Object.keys(ROLES).filter((name) => !DAEMONS.has(name)));
/** All of them. */
export const PROGRAMS: ReadonlySet<string> = new Set(Object.keys(ROLES));
