import { type DetailLevel, LAYERS, type Layer, type TraceEvent } from '@underdock/trace';
import { callName } from './callName.ts';
import { isShown, levelOf } from './level.ts';
import { containerTitle, knownEnd } from './query.ts';
import type { Call, ChainState } from './state.ts';

/** Something on a lane: an act from its begin to its end, or a moment. */
export interface LaneMark {
  /** The span, or `e<seq>`; a container's life is `life/<id>`. */
  key: string;
  name: string;
  step: string;
  layer: Layer;
  /** ms; equal for a moment. */
  begin: number;
  end: number;
  /** How many events are folded when it has just begun; of a system call, when it has just ended. */
  position: number;
  failed: boolean;
  /** It has not ended in what is there so far. */
  open: boolean;
  /** Line of the lane, from 0: what overlaps stands below. */
  row: number;
  /** Absent for a fact and for a container's life. */
  call?: Call;
  event?: TraceEvent;
}

/** What one actor of one layer did, in order of begins. */
export interface TimeLane {
  /** `layer/actor`. */
  key: string;
  layer: Layer;
  name: string;
  rows: number;
  marks: readonly LaneMark[];
}

/** A trace laid out over its own time. */
export interface TimeLanes {
  /** ms of the first and the last event. */
  from: number;
  to: number;
  /** In the order of the layers, then of appearance. */
  lanes: readonly TimeLane[];
  /** What made it happen, by the key of a mark. */
  byKey: ReadonlyMap<string, { mark: LaneMark; lane: TimeLane }>;
}

/** Further actors of a layer share its last lane. */
const MOST_ACTORS = 6;
const MOST_ROWS = 4;

/** The acts, moments and lives of a trace on a lane for each layer and actor. `events` are in reading order, `state` is their fold. */
export function timeLanes(state: ChainState, events: readonly TraceEvent[], level: DetailLevel): TimeLanes {
  const found = new Map<Layer, Map<string, LaneMark[]>>(LAYERS.map((layer) => [layer, new Map()]));
  const put = (actor: string, mark: LaneMark) => {
    const actors = found.get(mark.layer)!;
    const marks = actors.get(actor);
    if (marks) marks.push(mark);
    else actors.set(actor, [mark]);
  };
  const positions = new Map(events.map(({ seq }, index) => [seq, index + 1]));
  for (const call of state.calls) {
    if (isShown(call.level, level)) put(doerOf(call), markOfCall(call, state, positions));
  }
  for (const event of events) {
    if (isLoneFact(event, state, level)) put(event.actor.name, markOfFact(event, positions));
  }
  for (const { title, mark } of livesOf(state, events)) put(title, mark);
  const lanes = LAYERS.flatMap((layer) => lanesOf(layer, found.get(layer)!));
  const byKey = new Map(
    lanes.flatMap((lane) => lane.marks.map((mark) => [mark.key, { mark, lane }] as const)),
  );
  return { from: Math.min(0, events[0]?.at ?? 0), to: state.at, lanes, byKey };
}

/** An arrow into the kernel begins at who acts; all others end there, but for those that leave this host. */
function doerOf({ layer, from, to }: Call): string {
  const end = layer === 'kernel' || !('actor' in to) ? from : to;
  return 'actor' in end ? end.actor.slice(end.actor.indexOf('/') + 1) : '';
}

function markOfCall(call: Call, state: ChainState, positions: ReadonlyMap<number, number>): LaneMark {
  return {
    key: call.key,
    name: call.name,
    step: call.step,
    layer: call.layer,
    begin: call.beginAt,
    end: knownEnd(state, call),
    position: positions.get(placeOf(call)) ?? 0,
    failed: call.failure !== undefined,
    open: call.endAt === undefined || call.leftOpen === true,
    row: 0,
    call,
  };
}

/** A system call is told in one, with how it ended; of all else what happens next matters. */
function placeOf({ layer, beginSeq, endSeq }: Call): number {
  return layer === 'kernel' ? (endSeq ?? beginSeq) : beginSeq;
}

/** A fact that no act of the trace brought about: what was read back. Others are told with their act. */
function isLoneFact(event: TraceEvent, state: ChainState, level: DetailLevel): boolean {
  if (event.type !== 'fact' || event.span !== undefined) return false;
  const init = state.containers[event.container ?? state.container]?.init;
  return isShown(
    levelOf(event, (pid) => pid === init),
    level,
  );
}

function markOfFact(event: TraceEvent, positions: ReadonlyMap<number, number>): LaneMark {
  const { seq, step, layer, at, data } = event;
  const name = callName(step, data);
  const position = positions.get(seq) ?? 0;
  return {
    key: `e${seq}`,
    name,
    step,
    layer,
    begin: at,
    end: at,
    position,
    failed: false,
    open: false,
    row: 0,
    event,
  };
}

/** The asked-for programs, from their first instruction to their end. */
function livesOf(
  { containers, at }: ChainState,
  events: readonly TraceEvent[],
): { title: string; mark: LaneMark }[] {
  return Object.values(containers).flatMap((one) => {
    const { id, aliveAt, deadAt } = one;
    if (aliveAt === undefined) return [];
    const title = containerTitle(one) || 'process';
    const mark: LaneMark = {
      key: `life/${id}`,
      name: `${title} is alive`,
      step: 'process/has-process',
      layer: 'process',
      begin: aliveAt,
      end: deadAt ?? at,
      position: events.findLastIndex((event) => event.at <= aliveAt) + 1,
      failed: one.oomKilled === true,
      open: deadAt === undefined,
      row: 0,
    };
    return [{ title, mark }];
  });
}

function lanesOf(layer: Layer, actors: ReadonlyMap<string, LaneMark[]>): TimeLane[] {
  const all = [...actors];
  const own = all.length > MOST_ACTORS ? all.slice(0, MOST_ACTORS - 1) : all;
  const rest = all.slice(own.length);
  const shared = rest.flatMap(([, marks]) => marks);
  const named: [string, LaneMark[]][] =
    rest.length > 0 ? [...own, [`${rest.length} others`, shared]] : [...own];
  return named.map(([name, marks]) => {
    marks.sort((a, b) => a.begin - b.begin || b.end - a.end);
    return { key: `${layer}/${name}`, layer, name, rows: placeInRows(marks), marks };
  });
}

/** Puts each mark into the first line that is free; how many lines there are. */
function placeInRows(marks: readonly LaneMark[]): number {
  const ends: number[] = [];
  for (const mark of marks) {
    let row = 0;
    while (row < ends.length && ends[row]! > mark.begin && row < MOST_ROWS - 1) row++;
    mark.row = row;
    ends[row] = Math.max(ends[row] ?? 0, mark.end);
  }
  return Math.max(1, ends.length);
}
