import type { ContainerPicture } from '../container.ts';
import { foldTo } from '../fold.ts';
import { containerOf } from '../query.ts';
import type { Call, ChainState } from '../state.ts';
import { type Assignment, assign, sandboxesOf } from './assign.ts';
import { callCount, kernelCount, kindOf, type Watch } from './counting.ts';
import { type Rename, renaming } from './naming.ts';
import { type Evidence, verdictOf } from './reached.ts';
import { endOf, type Shares, sharesOf } from './shares.ts';
import { ACHIEVEMENTS, type Achievement, type Cell, type ComparedTrace, type Side } from './types.ts';

/** One trace, looked through once. */
export interface LookedThrough {
  trace: ComparedTrace;
  state: ChainState;
  /** The container that is compared: the first that is no pod’s sandbox. */
  picture: ContainerPicture;
  rename: Rename;
  watch: Watch;
  acts: ReadonlyMap<Achievement, readonly Call[]>;
  assignment: Assignment;
  shares: Shares;
}

/** Looks a trace through; `state` is the fold over all its events, where it is known already. */
export function lookAt(trace: ComparedTrace, state = foldTo(trace.header, trace.events)): LookedThrough {
  const assignment = assign(state, trace.events);
  const acts = new Map<Achievement, Call[]>(ACHIEVEMENTS.map((achievement) => [achievement, []]));
  for (const call of state.calls) if (kindOf(call)) acts.get(assignment.of(call))!.push(call);
  const sandboxes = sandboxesOf(state);
  const drawn = Object.keys(state.containers).find((id) => id !== '' && !sandboxes.has(id));
  const picture = containerOf(state, drawn);
  const rename = renaming(state, picture.id);
  const watch = watchOf(state);
  return { trace, state, picture, rename, watch, acts, assignment, shares: sharesOf(state, assignment) };
}

function watchOf({ gaps, calls, header }: ChainState): Watch {
  const missing = gaps.filter(({ kind }) => kind === 'watcher');
  const sawKernel = [...calls].some(({ layer }) => layer === 'kernel');
  const kernelGap = missing.some(({ layer }) => layer === 'kernel');
  const unwatched = !header.watchers.some(({ layer, state }) => layer === 'kernel' && state === 'ok');
  return {
    kernelBlind: !sawKernel && (kernelGap || unwatched),
    daemonsBlind: missing.some(({ name }) => name === 'bpftrace-calls'),
    holes: gaps.some(({ kind }) => kind === 'lost') || (sawKernel && kernelGap),
  };
}

/** The program that did an act. */
export function doerOf({ layer, from, to }: Call): string {
  const end = layer === 'kernel' || 'outside' in to ? from : to;
  return 'actor' in end ? end.actor.slice(end.actor.indexOf('/') + 1) : '';
}

/** What a trace did for one achievement. */
export function cellOf(achievement: Achievement, looked: LookedThrough): Cell {
  const { state, picture, watch, shares, assignment } = looked;
  const acts = looked.acts.get(achievement)!;
  const births = assignment.births.get(achievement) ?? 0;
  const evidence: Evidence = {
    state,
    picture,
    acts,
    brokeAt: brokeAt(looked),
    kernelBlind: watch.kernelBlind,
  };
  return {
    ...verdictOf(achievement, evidence),
    actors: unique(acts.map(doerOf)),
    calls: callCount(acts.filter((act) => kindOf(act) === 'call').length, watch),
    syscalls: kernelCount(acts.filter((act) => kindOf(act) === 'syscall').length, watch),
    processes: kernelCount(births, watch),
    ms: shares.ms.get(achievement) ?? 0,
    ...spanOf(acts, looked),
  };
}

function spanOf(acts: readonly Call[], { state, shares }: LookedThrough): Pick<Cell, 'fromMs' | 'toMs'> {
  if (acts.length === 0) return {};
  let [from, to] = [Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY];
  for (const act of acts) {
    from = Math.min(from, act.beginAt);
    to = Math.max(to, endOf(act, state) ?? act.beginAt);
  }
  return { fromMs: from - shares.from, toMs: to - shares.from };
}

function brokeAt({ state, assignment }: LookedThrough): Achievement | undefined {
  const { failure } = state;
  if (failure?.kind !== 'chain') return undefined;
  const index = failure.span === undefined ? undefined : state.spans.get(failure.span);
  const call = index === undefined ? undefined : state.calls.at(index);
  return call && assignment.of(call);
}

/** The trace as a whole; `index` is its place among those compared. */
export function sideOf(looked: LookedThrough, index: number): Side {
  const { trace, state, picture, shares, acts, watch, assignment } = looked;
  const { id, via, command, startedAt } = trace.header;
  const all = [...acts.values()].flat();
  const count = (kind: 'call' | 'syscall') => all.filter((act) => kindOf(act) === kind).length;
  const births = [...assignment.births.values()].reduce((sum, n) => sum + n, 0);
  const runtime = runtimeOf(state);
  return {
    letter: 'ABCD'[index] ?? '?',
    id,
    road: [via === 'watch' ? clientOf(state) : via, runtime].filter((word) => word).join(', '),
    via,
    ...(runtime === undefined ? {} : { runtime }),
    command,
    startedAt,
    container: picture.id,
    events: trace.events.length,
    calls: callCount(count('call'), watch),
    syscalls: kernelCount(count('syscall'), watch),
    processes: kernelCount(births, watch),
    ms: shares.to - shares.from,
    gaps: state.gaps.map(({ kind, layer, name, why, count: lost }) => ({
      kind,
      layer,
      name,
      ...(why === undefined ? {} : { why }),
      ...(lost === undefined ? {} : { count: lost }),
    })),
    finished: state.finished,
    ...(state.exitCode === undefined ? {} : { exitCode: state.exitCode }),
    ...(state.failure === undefined ? {} : { failure: state.failure.error }),
  };
}

function runtimeOf({ actors }: ChainState): string | undefined {
  return actors.find(({ layer }) => layer === 'low-level')?.name;
}

function clientOf({ actors, header }: ChainState): string {
  return actors.find(({ layer }) => layer === 'client')?.name ?? header.via;
}

/** Without those that are empty or came before. */
export function unique(all: Iterable<string>): string[] {
  return [...new Set(all)].filter((word) => word !== '');
}
