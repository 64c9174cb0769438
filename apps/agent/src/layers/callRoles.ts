import type { CallFragment } from '../probe/calls.ts';
import { clientFragment } from './1-client/fragment.ts';
import { engineFragment } from './2-engine/fragment.ts';
import { criFragment } from './3-high-level/criFragment.ts';
import { grpcFragment, kubeletFragment, ttrpcFragment } from './3-high-level/fragment.ts';

/** What is watched in each program of the chain, by its name. An engine may have containerd in its own process. */
export const ROLES: Readonly<Record<string, readonly CallFragment[]>> = {
  dockerd: [engineFragment, grpcFragment, ttrpcFragment],
  containerd: [ttrpcFragment, criFragment],
  crio: [criFragment],
  k3s: [kubeletFragment, ttrpcFragment, criFragment],
  kubelet: [kubeletFragment],
  docker: [clientFragment],
  'docker-compose': [clientFragment],
  ctr: [grpcFragment],
  nerdctl: [grpcFragment],
  crictl: [grpcFragment],
};

/** The names of daemons, which are found by their processes. */
export const DAEMONS: ReadonlySet<string> = new Set(['dockerd', 'containerd', 'crio', 'k3s', 'kubelet']);
/** The names of clients, which live too short for that and are found by their paths too. */
export const CLIENTS: ReadonlySet<string> = new Set(Object.keys(ROLES).filter((name) => !DAEMONS.has(name)));
/** All of them. */
export const PROGRAMS: ReadonlySet<string> = new Set(Object.keys(ROLES));
