import type { DetailLevel } from '@underdock/trace';
import { callOf } from './actors.ts';
import type { CgroupValue, ContainerPicture, MountRow } from './container.ts';
import { isShown } from './level.ts';
import { emptyPicture } from './picture.ts';
import type { Call, ChainState } from './state.ts';

/** The container that is drawn: the first of the trace unless another id is asked for. */
export function containerOf(state: ChainState, id = state.container): ContainerPicture {
  return state.containers[id] ?? emptyPicture(id);
}

/** The containers of a trace in order of appearance; none while no id is known. */
export function containersOf(state: ChainState): ContainerPicture[] {
  return Object.values(state.containers).filter(({ id }) => id !== '');
}

/** What a container is called: its service or its name, else the twelve digits that people know; a sandbox is its pod. */
export function containerTitle({ service, name, id, sandbox }: ContainerPicture): string {
  const title = service ?? name ?? id.slice(0, 12);
  return sandbox ? `pod ${title}` : title;
}

/** The newest `max` calls that are shown at this level of detail, newest first. */
export function recentCalls(state: ChainState, level: DetailLevel, max: number): Call[] {
  const found: Call[] = [];
  let looked = 0;
  for (const call of state.calls.newestFirst()) {
    if (isShown(call.level, level)) found.push(call);
    // Far back there is nothing that a picture of the moment needs; a trace of 200,000 syscalls must stay quick.
    if (found.length >= max || ++looked > 20_000) break;
  }
  return found;
}

/** The chain of calls that made this one happen, nearest first, up to the client's. */
export function causesOf(state: ChainState, call: Call): Call[] {
  const found: Call[] = [];
  const seen = new Set([call.key]);
  let next: Call | undefined = call;
  while (next) {
    const cause: Call | undefined = next.cause.map((span) => callOf(state, span)).find((known) => known);
    if (!cause || seen.has(cause.key)) break;
    found.push(cause);
    seen.add(cause.key);
    next = cause;
  }
  return found;
}

/**
 * When an act ended, as far as that is known, ms: of one that only the closing of the trace ended, no later than what it was
 * done for; without that, its beginning, as nobody knows how long it took. What goes on ends now.
 */
export function knownEnd(state: ChainState, call: Call): number {
  if (!call.leftOpen) return Math.max(call.beginAt, call.endAt ?? state.at);
  const ends = call.cause.flatMap((span) => {
    const above = callOf(state, span);
    return above && !above.leftOpen && above.endAt !== undefined ? [above.endAt] : [];
  });
  return Math.max(call.beginAt, Math.min(ends[0] ?? call.beginAt, call.endAt ?? state.at));
}

/** The mounts that exist, as rows of a tree: parents before children, siblings by name. */
export function mountTree(picture: ContainerPicture): MountRow[] {
  const mounts = Object.values(picture.mounts)
    .filter((mount) => !mount.gone)
    .sort((a, b) => (key(a.mountPoint) < key(b.mountPoint) ? -1 : 1));
  const open: string[] = [];
  return mounts.map((mount) => {
    while (open.length > 0 && !isBelow(mount.mountPoint, open.at(-1)!)) open.pop();
    open.push(mount.mountPoint);
    return { ...mount, depth: open.length - 1 };
  });
}

/** Slashes sort before every other character, so that a folder's children follow it directly. */
function key(path: string): string {
  return path.replaceAll('/', '\u0001');
}

function isBelow(path: string, parent: string): boolean {
  return parent === '/' || path.startsWith(`${parent}/`);
}

/** A limit and its usage, as one gauge shows them. */
export interface Gauge {
  meaning: 'memory' | 'cpu' | 'pids';
  /** Bytes, cpus or a count; null = unlimited, undefined = not known. */
  limit?: number | null;
  now?: number;
  /** The cgroup file that holds the limit. */
  value?: CgroupValue;
}

const LIMIT_NAMES: Readonly<Record<Gauge['meaning'], readonly string[]>> = {
  memory: ['memory.max', 'memory.limit_in_bytes'],
  cpu: ['cpu.max', 'cpu.cfs_quota_us'],
  pids: ['pids.max'],
};

/** Memory, cpu and pids as the kernel's files say. */
export function gaugesOf(picture: ContainerPicture): Gauge[] {
  const values = Object.values(picture.cgroupValues);
  return (['memory', 'cpu', 'pids'] as const).map((meaning) => {
    const value = values.find((fact) => LIMIT_NAMES[meaning].includes(fact.name));
    const now = values.find((fact) => fact.meaning === meaning && fact.now !== undefined)?.now;
    return { meaning, limit: value?.number, now, value };
  });
}
