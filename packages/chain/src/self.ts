import type { TraceEvent, WatcherState } from '@underdock/trace';
import { number, text } from './fields.ts';
import type { ChainState, Gap } from './state.ts';

/** Folds what a trace says about itself: watchers that come and go, lost records, redactions. */
export function applyToTrace(state: ChainState, event: TraceEvent): ChainState {
  if (event.step === 'trace/watcher-changed') return watcherChanged(state, event);
  if (event.step === 'trace/lost-records') return recordsLost(state, event);
  if (event.step === 'trace/redacted') {
    const what = text(event.data, 'what');
    return what === undefined || state.redacted.includes(what)
      ? state
      : { ...state, redacted: [...state.redacted, what] };
  }
  return { ...state, unknown: { ...state.unknown, [event.step]: (state.unknown[event.step] ?? 0) + 1 } };
}

function watcherChanged(state: ChainState, event: TraceEvent): ChainState {
  const watcher: WatcherState = {
    layer: event.layer,
    name: text(event.data, 'name') ?? '',
    state: event.data.state === 'ok' ? 'ok' : 'missing',
    why: text(event.data, 'why'),
  };
  const same = (other: { layer: string; name: string }) =>
    other.layer === watcher.layer && other.name === watcher.name;
  const key = `watcher/${watcher.layer}/${watcher.name}`;
  const others = state.gaps.filter((gap) => gap.key !== key);
  const gap: Gap = {
    key,
    kind: 'watcher',
    layer: watcher.layer,
    name: watcher.name,
    why: watcher.why,
    at: event.at,
  };
  return {
    ...state,
    watchers: [...state.watchers.filter((other) => !same(other)), watcher],
    gaps: watcher.state === 'missing' ? [...others, gap] : others,
  };
}

function recordsLost(state: ChainState, event: TraceEvent): ChainState {
  const name = text(event.data, 'name') ?? '';
  const key = `lost/${event.layer}/${name}`;
  const old = state.gaps.find((gap) => gap.key === key);
  const count = (old?.count ?? 0) + (number(event.data, 'count') ?? 0);
  const gap: Gap = { key, kind: 'lost', layer: event.layer, name, count, at: old?.at ?? event.at };
  return { ...state, gaps: [...state.gaps.filter((other) => other.key !== key), gap] };
}
