import { findDaemons, listeningSockets } from '../../daemons/findDaemons.ts';
import { askVersion } from '../../daemons/findEngine.ts';
import type { EventSource } from '../../layers/2-engine/dockerEvents.ts';
import { readStat } from '../../processes.ts';
import { openDocker } from './engine.ts';
import { eventSourceOf } from './eventSource.ts';

const DOCKERD = new Set(['dockerd']);
/** An engine that says nothing for so long (ms) is asked again with the next look. */
const ANSWER_MS = 2000;

/** Every Docker engine that runs on this host, found by its process and the socket on which it answers. */
export function createEngineFinder(): () => Promise<EventSource[]> {
  const known = new Map<number, EventSource>();
  return async () => {
    const daemons = await findDaemons(DOCKERD);
    for (const pid of known.keys()) if (!daemons.some((one) => one.pid === pid)) known.delete(pid);
    for (const { pid } of daemons) {
      const source = pid === undefined || known.has(pid) ? undefined : await sourceOf(pid);
      if (pid !== undefined && source) known.set(pid, source);
    }
    return [...known.values()];
  };
}

async function sourceOf(pid: number): Promise<EventSource | undefined> {
  for (const socket of await listeningSockets(pid)) {
    try {
      await askVersion(socket, ANSWER_MS);
    } catch {
      // A socket of another kind: metrics, libnetwork.
      continue;
    }
    const docker = await openDocker(socket);
    return {
      ...eventSourceOf({ socket, docker, actor: { name: 'dockerd', pid } }),
      isGone: () => readStat(pid) === undefined,
    };
  }
  return undefined;
}
