import type { TraceEvent } from '@underdock/trace';
import { assign, sandboxesOf } from './compare/assign.ts';
import type { Achievement } from './compare/types.ts';
import type { ContainerPicture } from './container.ts';
import { containersOf } from './query.ts';
import type { Call, ChainState } from './state.ts';

/** What a chapter of a trace ends with: something was achieved, a process is over, or the chain broke. */
export type ChapterKind = Exclude<Achievement, 'ordered' | 'sandbox'> | 'ended' | 'failed';

/** A place in a trace at which something has just been achieved. */
export interface Chapter {
  kind: ChapterKind;
  /** Of the event with which it was. */
  seq: number;
  at: number;
  /** Full id, where it is about one container. */
  container?: string;
}

/** With more containers than this only their lives are told, and with more than that only their beginnings. */
const WHOLE = 3;
const LIVES = 24;
const MADE: readonly Achievement[] = ['image', 'filesystem', 'isolation', 'limits'];

/** The chapters of a trace in order of time. `state` is the fold over all `events`, which are in reading order. */
export function chaptersOf(state: ChainState, events: readonly TraceEvent[]): Chapter[] {
  const sandboxes = sandboxesOf(state);
  const containers = containersOf(state).filter(({ id }) => !sandboxes.has(id));
  const lives = containers.flatMap((one) => livesOf(one, events, containers.length <= LIVES));
  const made = containers.length <= WHOLE ? madeIn(state, events, containers) : [];
  return [...made, ...lives, ...failureOf(state)].sort((a, b) => a.at - b.at || a.seq - b.seq);
}

function livesOf(
  { id, aliveAt, deadAt }: ContainerPicture,
  events: readonly TraceEvent[],
  withEnds: boolean,
): Chapter[] {
  const seqAt = (at: number) => events[firstAt(events, at)]?.seq;
  const began = aliveAt === undefined ? undefined : seqAt(aliveAt);
  const ended = deadAt === undefined || !withEnds ? undefined : seqAt(deadAt);
  return [
    ...(began === undefined ? [] : [{ kind: 'process' as const, seq: began, at: aliveAt!, container: id }]),
    ...(ended === undefined ? [] : [{ kind: 'ended' as const, seq: ended, at: deadAt!, container: id }]),
  ];
}

/** Index of the first event at an instant, or after it. */
function firstAt(events: readonly TraceEvent[], at: number): number {
  let low = 0;
  let high = events.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (events[middle]!.at < at) low = middle + 1;
    else high = middle;
  }
  return low;
}

/** The last act for each achievement, before the process lives; and the last one of the tidying up. */
function madeIn(
  state: ChainState,
  events: readonly TraceEvent[],
  containers: readonly ContainerPicture[],
): Chapter[] {
  const assignment = assign(state, events);
  const alive = new Map(containers.map(({ id, aliveAt }) => [id, aliveAt]));
  const firstLife = Math.min(...containers.map(({ aliveAt }) => aliveAt ?? Number.POSITIVE_INFINITY));
  const last = new Map<string, Chapter>();
  for (const call of state.calls) {
    if (call.failure || call.leftOpen || call.endAt === undefined) continue;
    const kind = assignment.of(call);
    const container = call.container;
    const until = (container === undefined ? undefined : alive.get(container)) ?? firstLife;
    const isMade = MADE.includes(kind) && call.endAt <= until;
    if (!isMade && kind !== 'cleanup') continue;
    const chapter = chapterOf(call, kind as ChapterKind);
    // What many containers share, the image and the tidying up, is told once.
    const key = kind === 'image' || kind === 'cleanup' ? kind : `${kind}/${container ?? ''}`;
    const known = last.get(key);
    if (!known || chapter.at >= known.at) last.set(key, chapter);
  }
  return [...last.values()];
}

function chapterOf(call: Call, kind: ChapterKind): Chapter {
  const { endSeq, beginSeq, endAt, beginAt, container } = call;
  const place = { kind, seq: endSeq ?? beginSeq, at: endAt ?? beginAt };
  return container === undefined ? place : { ...place, container };
}

function failureOf({ failure, calls, spans }: ChainState): Chapter[] {
  const index = failure?.span === undefined ? undefined : spans.get(failure.span);
  const call = index === undefined ? undefined : calls.at(index);
  return call && failure?.kind === 'chain' ? [chapterOf(call, 'failed')] : [];
}
