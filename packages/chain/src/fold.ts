import { describeStep, type TraceEvent, type TraceHeader } from '@underdock/trace';
import { beginCall, continueCall, failureOf } from './calls.ts';
import { number } from './fields.ts';
import { isShown } from './level.ts';
import { inOrder } from './order.ts';
import { PersistentList } from './persistentList.ts';
import { PersistentMap } from './persistentMap.ts';
import { applyToContainer, emptyPicture, type Owned } from './picture.ts';
import { applyToTrace } from './self.ts';
import type { ChainState, Failure } from './state.ts';

/** The state before the first event. */
export function initialState(header: TraceHeader): ChainState {
  return {
    header,
    count: 0,
    at: 0,
    actors: [],
    calls: new PersistentList(),
    spans: new PersistentMap(),
    open: [],
    latest: {},
    containers: Object.assign(Object.create(null), { '': emptyPicture('') }),
    living: 0,
    container: '',
    watchers: header.watchers,
    gaps: header.watchers
      .filter((watcher) => watcher.state === 'missing')
      .map(({ layer, name, why }) => ({
        key: `watcher/${layer}/${name}`,
        kind: 'watcher' as const,
        layer,
        name,
        why,
        at: 0,
      })),
    redacted: header.redacted,
    held: false,
    finished: false,
    unknown: {},
  };
}

/**
 * The state after one more event; `state` itself stays as it is. Events are taken in order of (at, seq). `own` is handed on
 * from event to event where nobody sees the states between.
 */
export function applyEvent(state: ChainState, event: TraceEvent, own: Owned = {}): ChainState {
  const counted: ChainState = {
    ...state,
    count: state.count + 1,
    at: Math.max(state.at, event.at),
    last: event,
  };
  if (event.step.startsWith('trace/')) return applyToTrace(counted, event);
  const drawn = withLatest(applyToCalls(counted, event), counted.calls.length, event);
  return conclude(applyToContainer(drawn, event, own), event);
}

/** The state after all of these events, put in reading order first. */
export function foldTo(header: TraceHeader, events: readonly TraceEvent[], from?: ChainState): ChainState {
  const own: Owned = {};
  return inOrder(events).reduce(
    (state, event) => applyEvent(state, event, own),
    from ?? initialState(header),
  );
}

function applyToCalls(state: ChainState, event: TraceEvent): ChainState {
  if (event.type === 'progress' || event.type === 'end') return continueCall(state, event);
  if (event.type === 'fact') return event.span === undefined ? state : { ...state, current: event.span };
  const next = beginCall(state, event);
  if (describeStep(event.step)) return next;
  return { ...next, unknown: { ...next.unknown, [event.step]: (next.unknown[event.step] ?? 0) + 1 } };
}

/** Notes which call moves now, for each level that shows it. */
function withLatest(state: ChainState, before: number, event: TraceEvent): ChainState {
  const began = state.calls.length > before;
  const index = began ? before : event.span === undefined ? undefined : state.spans.get(event.span);
  const call = index === undefined ? undefined : state.calls.at(index);
  if (!call) return state;
  const levels = LEVELS.filter((level) => isShown(call.level, level));
  return {
    ...state,
    latest: { ...state.latest, ...Object.fromEntries(levels.map((level) => [level, index])) },
  };
}

const LEVELS = ['story', 'calls', 'syscalls'] as const;

/** What an event means for the run as a whole: held, failed, over. */
function conclude(state: ChainState, event: TraceEvent): ChainState {
  let next = state.header.via === 'watch' ? watched(state, event) : state;
  if (event.step === 'engine/hold') next = { ...next, held: event.type === 'begin' };
  if (event.step === 'client/run' && event.type === 'end') {
    next = { ...next, finished: true, exitCode: number(event.data, 'exitCode') };
  }
  if (event.step === 'kernel/oom-kill' && !next.failure) {
    return { ...next, failure: failureAt(event, 'process', { error: 'OOM' }) };
  }
  if (event.type !== 'end' || event.layer === 'kernel' || event.data.open === true) return next;
  const failure = failureOf(event);
  if (failure && !ASKS_ONLY.has(event.step)) {
    return next.failure?.kind === 'chain' ? next : { ...next, failure: failureAt(event, 'chain', failure) };
  }
  return recovers(next, event) ? { ...next, failure: undefined } : next;
}

/** Who only asks may hear no (not found, gone already) and go on; who asks in earnest tells the failure further up. */
const ASKS_ONLY: ReadonlySet<string> = new Set([
  'client/request',
  'engine/query',
  'high-level/call',
  'high-level/shim-query',
]);

/** A command that somebody typed is over when it has ended and no container of it lives. */
function watched(state: ChainState, event: TraceEvent): ChainState {
  let next = state;
  if (event.step === 'client/command' && event.type === 'end' && (event.cause ?? []).length === 0) {
    const exitCode = number(event.data, 'exitCode');
    next = { ...next, exitCode, failure: exitCode === 0 ? undefined : next.failure };
  }
  const over = next.exitCode !== undefined && next.living === 0;
  return over === next.finished ? next : { ...next, finished: over };
}

function failureAt(
  event: TraceEvent,
  kind: Failure['kind'],
  failure: { error: string; message?: string; remedy?: string },
): Failure {
  const key = event.span ?? `e${event.seq}`;
  return { ...failure, kind, key, span: event.span, step: event.step, layer: event.layer, at: event.at };
}

/** An act that ends well in spite of a failure below it has overcome it: another try, another mirror. */
function recovers(state: ChainState, event: TraceEvent): boolean {
  const failed = state.failure;
  if (failed?.kind !== 'chain' || failed.span === undefined || event.step === 'client/run') return false;
  // Whether a shim's answer was good is not in its call's end.
  if (event.step === 'high-level/shim-request') return false;
  const index = state.spans.get(failed.span);
  const call = index === undefined ? undefined : state.calls.at(index);
  return call?.cause.includes(event.span ?? '') ?? false;
}
