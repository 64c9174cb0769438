import type { Layer, TraceEvent } from '@underdock/trace';
import type { ContainerPicture } from './container.ts';
import { baseName, text } from './fields.ts';
import type { ActorSelf, ActorState, Call, ChainState } from './state.ts';

/** How many processes of one actor are kept by name. */
const MAX_PROCESSES = 16;

/** The key of an actor in a layer. */
export function actorKey(layer: Layer, name: string): string {
  return `${layer}/${name}`;
}

/** The program without what it calls itself for the moment: `runc:[2:INIT]` is runc. */
export function programName(name: string): string {
  return name.replace(/:\[.*\]$/, '') || name;
}

/** The call of a span, or undefined when it has not begun. */
export function callOf(state: ChainState, span: string | undefined): Call | undefined {
  const index = span === undefined ? undefined : state.spans.get(span);
  return index === undefined ? undefined : state.calls.at(index);
}

/** Which actor does what the event tells, in which layer it is at home, and under which name it acts now. */
export interface Home {
  key: string;
  layer: Layer;
  name: string;
  self: ActorSelf;
}

/**
 * Finds the actor behind an event. Kernel steps are done by programs of other layers: by the container's own process
 * once it runs, by the actor of its name, else by a process of the actor whose act caused them.
 */
export function homeOf(state: ChainState, event: TraceEvent): Home {
  const { actor, layer } = event;
  const self: ActorSelf =
    actor.pid === undefined ? { name: actor.name } : { name: actor.name, pid: actor.pid };
  const teller = layer === 'low-level' && event.type === 'log' ? namesake(state, actor.name) : undefined;
  if (teller) return { key: teller.key, layer: teller.layer, name: teller.name, self };
  if (layer !== 'kernel') {
    const name = nameInLayer(state, event);
    return { key: actorKey(layer, name), layer, name, self };
  }
  const process = insideContainer(state, event);
  if (process) return { key: actorKey('process', process), layer: 'process', name: process, self };
  const owner = shimNamed(state, actor.name) ?? causingActor(state, event) ?? namesake(state, actor.name);
  if (owner) return { key: owner.key, layer: owner.layer, name: owner.name, self };
  const name = programName(actor.name);
  return { key: actorKey('low-level', name), layer: 'low-level', name, self };
}

function nameInLayer(state: ChainState, event: TraceEvent): string {
  if (event.layer === 'low-level') return runtimeName(event);
  const picture = state.containers[event.container ?? state.container];
  const init = event.layer === 'process' ? initName(picture) : undefined;
  return init ?? programName(event.actor.name);
}

/** A low-level act may be told by underdock on the runtime's behalf: the actor is the runtime. */
function runtimeName(event: TraceEvent): string {
  const runtime = text(event.data, 'runtime');
  return runtime ? baseName(runtime) : programName(event.actor.name);
}

function insideContainer(state: ChainState, event: TraceEvent): string | undefined {
  const picture = state.containers[event.container ?? state.container];
  const pid = event.actor.pid;
  if (!picture || pid === undefined) return undefined;
  const process = picture.processes.get(String(pid));
  if (!process?.inside || process.waiting || picture.aliveAt === undefined) return undefined;
  return initName(picture) ?? event.actor.name;
}

function initName(picture: ContainerPicture | undefined): string | undefined {
  const init = picture?.init === undefined ? undefined : picture.processes.get(String(picture.init));
  return init?.comm || undefined;
}

function causingActor(state: ChainState, event: TraceEvent): ActorState | undefined {
  for (const span of event.cause ?? []) {
    const call = callOf(state, span);
    if (!call) continue;
    const end = call.layer === 'kernel' ? call.from : call.to;
    const actor = 'actor' in end ? state.actors.find((known) => known.key === end.actor) : undefined;
    if (actor) return actor;
  }
  return undefined;
}

function namesake(state: ChainState, name: string): ActorState | undefined {
  const program = programName(name);
  return state.actors.find((known) => known.name === program && known.layer !== 'process');
}

/**
 * A shim works on many calls at once, and starts programs that act under its name until they execute: its name says
 * more than the cause. The kernel keeps 15 characters of it.
 */
function shimNamed(state: ChainState, name: string): ActorState | undefined {
  if (!name.startsWith('containerd-shim')) return undefined;
  return state.actors.find((known) => known.layer === 'high-level' && known.name.startsWith(name));
}

/** The state with this actor in it, its newest self and what else became known of it. */
export function withActor(state: ChainState, home: Home, event: TraceEvent, begins: boolean): ChainState {
  const index = state.actors.findIndex((known) => known.key === home.key);
  const old = index < 0 ? undefined : state.actors[index]!;
  const ownName = programName(home.self.name) === home.name;
  const next: ActorState = {
    key: home.key,
    layer: home.layer,
    name: home.name,
    pid: old?.pid ?? (ownName ? home.self.pid : undefined),
    version: event.actor.version ?? old?.version ?? state.header.host.versions[home.name],
    firstAt: old?.firstAt ?? event.at,
    lastAt: event.at,
    processes: withProcess(old?.processes ?? [], home.self),
    self: home.self,
    calls: (old?.calls ?? 0) + (begins ? 1 : 0),
  };
  const actors = old ? state.actors.with(index, next) : [...state.actors, next];
  return { ...state, actors };
}

function withProcess(processes: readonly ActorSelf[], self: ActorSelf): readonly ActorSelf[] {
  if (processes.some((known) => known.name === self.name && known.pid === self.pid)) return processes;
  return [...processes, self].slice(-MAX_PROCESSES);
}
