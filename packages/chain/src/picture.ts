import type { TraceEvent } from '@underdock/trace';
import type { ContainerPicture } from './container.ts';
import { named } from './containerName.ts';
import { baseName, object } from './fields.ts';
import { IMAGE_FOLDS } from './image.ts';
import { KERNEL_FOLDS, withProcess } from './kernelFacts.ts';
import { LIFE_FOLDS } from './life.ts';
import { PersistentMap } from './persistentMap.ts';
import { enterPod } from './pod.ts';
import type { ChainState } from './state.ts';

/** A container of which nothing is known yet. */
export function emptyPicture(id: string): ContainerPicture {
  return {
    id,
    limits: {},
    defaults: [],
    namespaces: {},
    restrictions: {},
    cgroups: [],
    cgroupValues: {},
    mounts: {},
    processes: new PersistentMap(),
    layers: [],
    provenance: [],
    absent: [],
    output: [],
    outputDropped: 0,
    life: 'none',
  };
}

/** The state with the event's container changed by it. What is seen before any id is known goes to the first id. */
export function applyToContainer(state: ChainState, event: TraceEvent, own: Owned = {}): ChainState {
  const id =
    event.container ??
    (event.step === 'engine/create-container' ? idOf(event) : undefined) ??
    state.container;
  const settled = id !== '' && state.container === '' ? adopt(state, id) : state;
  const old = settled.containers[id] ?? emptyPicture(id);
  let next = old;
  for (const folds of [IMAGE_FOLDS, KERNEL_FOLDS, LIFE_FOLDS]) {
    if (Object.hasOwn(folds, event.step)) next = folds[event.step]!(next, event);
  }
  next = named(settled, assumed(settled, renamed(next, event), event), event);
  if (next.life !== old.life) next = dated(next, event.at);
  if (next === old && settled.containers[id]) return settled;
  const containers =
    own.containers === settled.containers ? own.containers : copyOfContainers(settled.containers);
  containers[id] = next;
  own.containers = containers;
  const living = settled.living + Number(lives(next)) - Number(lives(old));
  return enterPod({ ...settled, containers, living }, event);
}

/** What a run of folds has made itself and nobody else has seen yet: that may be changed in place. */
export interface Owned {
  containers?: Record<string, ContainerPicture>;
}

/** Ids are words of the trace: none of them may mean something that every object has. */
function copyOfContainers(containers: ChainState['containers']): Record<string, ContainerPicture> {
  return Object.assign(Object.create(null), containers);
}

function lives({ life }: ContainerPicture): boolean {
  return life !== 'none' && life !== 'dead' && life !== 'gone';
}

/**
 * Where nobody watches the kernel, its execve is not seen: then the process is known by the program that the runtime's
 * config asks for.
 */
function assumed(state: ChainState, picture: ContainerPicture, event: TraceEvent): ContainerPicture {
  const init = picture.init === undefined ? undefined : picture.processes.get(String(picture.init));
  if (!init || event.step !== 'low-level/start' || event.type !== 'end' || picture.life !== 'alive')
    return picture;
  if (state.watchers.some(({ layer, state: now }) => layer === 'kernel' && now === 'ok')) return picture;
  const args = object(picture.config ?? {}, 'process')?.args;
  const program = Array.isArray(args) && typeof args[0] === 'string' ? baseName(args[0]) : undefined;
  return program ? withProcess(picture, { ...init, comm: program.slice(0, 15) }) : picture;
}

/** A process that acts under a new name (`runc:[2:INIT]`) has it. */
function renamed(picture: ContainerPicture, event: TraceEvent): ContainerPicture {
  const process = event.actor.pid === undefined ? undefined : picture.processes.get(String(event.actor.pid));
  const acts = event.layer === 'kernel' && (event.type === 'begin' || event.type === 'log');
  // A successful execve names the old program as its actor and the new one in its data.
  if (!process || !acts || event.step === 'kernel/execve' || process.comm === event.actor.name)
    return picture;
  return withProcess(picture, { ...process, comm: event.actor.name });
}

function dated(picture: ContainerPicture, at: number): ContainerPicture {
  if (picture.life === 'alive') return { ...picture, aliveAt: picture.aliveAt ?? at };
  const over = picture.life === 'dead' || picture.life === 'gone';
  return over && picture.aliveAt !== undefined ? { ...picture, deadAt: picture.deadAt ?? at } : picture;
}

function idOf(event: TraceEvent): string | undefined {
  return typeof event.data.id === 'string' && event.data.id !== '' ? event.data.id : undefined;
}

function adopt(state: ChainState, id: string): ChainState {
  const { '': nameless, ...named } = state.containers;
  return {
    ...state,
    container: id,
    containers: copyOfContainers({ ...named, [id]: { ...(nameless ?? emptyPicture(id)), id } }),
  };
}
