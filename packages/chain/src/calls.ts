import type { TraceEvent } from '@underdock/trace';
import { callOf, type Home, homeOf, withActor } from './actors.ts';
import { callName } from './callName.ts';
import { text } from './fields.ts';
import { levelOf } from './level.ts';
import type { Call, CallError, ChainState, Endpoint } from './state.ts';

/** What an event says went wrong; undefined when nothing did. */
export function failureOf(event: TraceEvent): CallError | undefined {
  const error = text(event.data, 'error');
  if (error === undefined) return undefined;
  return { error, message: text(event.data, 'message'), remedy: text(event.data, 'remedy') };
}

/** Folds `begin` and `log`: a new arrow. */
export function beginCall(state: ChainState, event: TraceEvent): ChainState {
  const home = homeOf(state, event);
  const withHome = withActor(state, home, event, true);
  const isAct = event.type === 'begin' && event.span !== undefined;
  const key = isAct ? event.span! : `e${event.seq}`;
  const call: Call = {
    key,
    span: event.span,
    step: event.step,
    layer: event.layer,
    level: levelOf(event, (pid) => state.containers[event.container ?? state.container]?.init === pid),
    name: callName(event.step, event.data),
    ...ends(state, event, home),
    cause: event.cause ?? [],
    container: event.container,
    beginAt: event.at,
    beginSeq: event.seq,
    data: event.data,
    grade: event.grade,
  };
  if (!isAct) {
    call.endAt = event.at;
    call.endSeq = event.seq;
    call.failure = failureOf(event);
  }
  return {
    ...withHome,
    calls: state.calls.push(call),
    spans: isAct ? state.spans.set(key, state.calls.length) : state.spans,
    open: isAct ? [...state.open, key] : state.open,
    current: key,
  };
}

/** Folds `progress` and `end` of an act that has begun; without its begin the event changes no arrow. */
export function continueCall(state: ChainState, event: TraceEvent): ChainState {
  const index = event.span === undefined ? undefined : state.spans.get(event.span);
  if (index === undefined) return state;
  const old = state.calls.at(index)!;
  const data = { ...old.data, ...event.data };
  const call: Call = { ...old, data };
  if (event.type === 'end') {
    call.endAt = event.at;
    call.endSeq = event.seq;
    call.failure = failureOf(event);
    call.leftOpen = event.data.open === true ? true : undefined;
    // What was on this host already was not asked for outside.
    if (data.cached === true && 'outside' in old.to) call.to = old.from;
    // The end knows more than the begin (a path behind a descriptor), so the arrow's name may gain by it.
    call.name = callName(old.step, data);
  }
  return {
    ...state,
    calls: state.calls.set(index, call),
    open: event.type === 'end' ? state.open.filter((key) => key !== old.key) : state.open,
    current: old.key,
  };
}

function ends(state: ChainState, event: TraceEvent, home: Home): { from: Endpoint; to: Endpoint } {
  const doer: Endpoint = { actor: home.key };
  if (event.layer === 'kernel') return { from: doer, to: { kernel: true } };
  const registry = registryOf(state, event);
  if (registry !== undefined) return { from: doer, to: { outside: registry } };
  return { from: callerOf(state, event) ?? doer, to: doer };
}

/** The actor behind the nearest cause that another layer's act is; of a shim it is containerd that asks, on whosever behalf. */
function callerOf(state: ChainState, event: TraceEvent): Endpoint | undefined {
  const containerd =
    event.step.startsWith('high-level/shim-') &&
    state.actors.find(({ layer, name }) => layer === 'high-level' && name === 'containerd');
  if (containerd) return { actor: containerd.key };
  for (const span of event.cause ?? []) {
    const call = callOf(state, span);
    if (!call || call.layer === 'kernel') continue;
    return call.layer === 'client' && event.data.protocol === 'grpc' ? (engineOf(state) ?? call.to) : call.to;
  }
  return undefined;
}

/** Where there is an engine, no client speaks with containerd itself. */
function engineOf({ actors }: ChainState): Endpoint | undefined {
  const engine = actors.find(({ layer }) => layer === 'engine');
  return engine && { actor: engine.key };
}

const FETCHES = ['high-level/fetch-manifest', 'high-level/fetch-config', 'high-level/fetch-layer'];

function registryOf(state: ChainState, event: TraceEvent): string | undefined {
  const named = text(event.data, 'registry') ?? hostOf(text(event.data, 'url'));
  if (named !== undefined || !FETCHES.includes(event.step)) return named;
  return state.containers[event.container ?? state.container]?.registry;
}

function hostOf(url: string | undefined): string | undefined {
  return url?.match(/^[a-z]+:\/\/([^/]+)/)?.[1];
}
