import { setTimeout as pause } from 'node:timers/promises';
import type { Calling } from '../grpc/call.ts';
import { GrpcRefusal } from '../grpc/failure.ts';
import { ask, askUnless, type Containerd, ctr } from './api.ts';

/** Marks what underdock has made in containerd, with the run’s id. */
export const RUN_LABEL = 'underdock.run';

/** The lease that keeps garbage collection away from what a run is just making. */
export function leaseOf(run: string): string {
  return `underdock-${run}`;
}

type Place = Pick<Containerd, 'daemon' | 'socket' | 'snapshotter' | 'actor'>;

/** How a snapshotter makes a filesystem, in a trace’s words. */
export function kindOf(snapshotter: string): 'overlay' | 'copy' {
  return snapshotter === 'overlayfs' ? 'overlay' : 'copy';
}

/** A process that was killed is dead soon; its shim may take longer to say so (ms). */
const DEATH_MS = 10_000;
const AGAIN_MS = 50;

/** Ends and removes the task, whatever its state; fine where there is none. */
export async function removeTask(containerd: Place, id: string, calling: Calling): Promise<void> {
  const { daemon, socket } = containerd;
  const act = { step: 'high-level/delete-task', data: { method: 'Tasks/Delete', id } };
  const deleting = { ...calling, act, equivalent: ctr(socket, 'tasks', 'rm', id) };
  const message = { containerId: id };
  const until = performance.now() + DEATH_MS;
  for (let first = true; ; first = false) {
    try {
      await askUnless(['NOT_FOUND'], daemon, 'Tasks/Delete', message, { ...deleting, fine: ['NOT_FOUND'] });
      return;
    } catch (error) {
      if (!isAlive(error) || performance.now() > until) throw error;
      if (first) await killTask(containerd, id, calling);
      else await pause(AGAIN_MS);
    }
  }
}

/** Versions say it by status, or in words alone. */
function isAlive(error: unknown): boolean {
  if (!(error instanceof GrpcRefusal)) return false;
  return error.status === 'FAILED_PRECONDITION' || /delete a (running|created) process/.test(error.words);
}

/** Kills every process of the task; one that has ended already is fine. */
export async function killTask({ daemon, socket }: Place, id: string, calling: Calling): Promise<void> {
  await askUnless(
    ['NOT_FOUND', 'FAILED_PRECONDITION'],
    daemon,
    'Tasks/Kill',
    { containerId: id, signal: 9, all: true },
    {
      ...calling,
      request: { container: id, signal: 9, all: true },
      equivalent: ctr(socket, 'tasks', 'kill', '--all', '--signal', 'SIGKILL', id),
    },
  );
}

/** Removes the container’s note and its filesystem; fine where they are not. */
export async function removeContainer(containerd: Place, id: string, calling: Calling): Promise<void> {
  const { daemon, socket, snapshotter, actor } = containerd;
  const removing = {
    ...calling,
    request: { id },
    equivalent: ctr(socket, 'containers', 'rm', '--keep-snapshot', id),
  };
  await askUnless(['NOT_FOUND'], daemon, 'Containers/Delete', { id }, removing);
  const act = { step: 'high-level/remove-snapshot', data: { target: id } };
  const equivalent = ctr(socket, 'snapshots', 'rm', id);
  const gone = await askUnless(
    ['NOT_FOUND'],
    daemon,
    'Snapshots/Remove',
    { snapshotter, key: id },
    { ...calling, request: { snapshotter, key: id }, act, equivalent },
  );
  if (!gone) return;
  const told = { cause: calling.cause, container: id, actor };
  calling.tell.fact('high-level/has-snapshot', { kind: kindOf(snapshotter), target: id, gone: true }, told);
}

/** Gives up a run’s lease; what only it held is collected at once. */
export async function endLease({ daemon, socket }: Place, run: string, calling: Calling): Promise<void> {
  const id = leaseOf(run);
  const equivalent = ctr(socket, 'leases', 'rm', '--sync', id);
  await askUnless(
    ['NOT_FOUND'],
    daemon,
    'Leases/Delete',
    { id, sync: true },
    { ...calling, request: { id, sync: true }, equivalent },
  );
}

/** The runs that have containers or leases here, kept ones included. */
export async function runsIn(
  { daemon }: Place,
  calling: Calling,
): Promise<{ run: string; container?: string }[]> {
  const filters = [`labels.${JSON.stringify(RUN_LABEL)}`];
  const { containers } = await ask<{ containers: { id: string; labels: Record<string, string> }[] }>(
    daemon,
    'Containers/List',
    { filters },
    calling,
  );
  const { leases } = await ask<{ leases: { labels: Record<string, string> }[] }>(
    daemon,
    'Leases/List',
    { filters },
    calling,
  );
  return [
    ...containers.map(({ id, labels }) => ({ run: labels[RUN_LABEL] ?? '', container: id })),
    ...leases.map(({ labels }) => ({ run: labels[RUN_LABEL] ?? '' })),
  ];
}
