import type { DetailLevel, TraceEvent } from '@underdock/trace';
import { programName } from './actors.ts';
import { failureOf } from './calls.ts';
import { isShown, levelOf } from './level.ts';
import { PersistentList } from './persistentList.ts';
import { PersistentMap } from './persistentMap.ts';
import type { ToldStep } from './timelineTypes.ts';

/** Facts of one step that are kept with it; the state has them all. */
const MAX_FACTS = 100;
const EMPTY: PersistentList<ToldStep> = new PersistentList();

/** Where the step of a span stands: its place among the steps, and its place inside a bundle. */
interface Place {
  step: number;
  member?: number;
}

/** The steps told so far; never changes, like the state. */
export interface Telling {
  /** Events taken so far. */
  position: number;
  steps: PersistentList<ToldStep>;
  places: PersistentMap<Place>;
  /** Init processes by pid: only their exits are part of the story. */
  inits: readonly number[];
}

/** Nothing told yet. */
export const NOTHING_TOLD: Telling = {
  position: 0,
  steps: new PersistentList(),
  places: new PersistentMap(),
  inits: [],
};

/** What is told after one more event, at a level of detail. Events are taken in reading order. */
export function tellEvent(before: Telling, event: TraceEvent, level: DetailLevel): Telling {
  const telling = { ...before, position: before.position + 1, inits: withInit(before.inits, event) };
  if (event.type === 'progress') return telling;
  if (event.type === 'end') return tellEnd(telling, event);
  if (event.type === 'fact' && event.span !== undefined) {
    const place = telling.places.get(event.span);
    if (place) return tellFact(telling, event, place);
  }
  const own = levelOf(event, (pid) => telling.inits.includes(pid));
  if (!isShown(own, level)) return telling;
  const last = telling.steps.at(-1);
  if (event.type === 'fact' && last && comesOf(last, event)) {
    return tellFact(telling, event, placeOfLast(telling));
  }
  return tellNew(telling, event);
}

function withInit(inits: readonly number[], event: TraceEvent): readonly number[] {
  const { role, pid } = event.data;
  if (event.step !== 'process/has-process' || role !== 'init' || typeof pid !== 'number') return inits;
  return inits.includes(pid) ? inits : [...inits, pid];
}

function tellNew(telling: Telling, event: TraceEvent): Telling {
  const step: ToldStep = {
    key: event.type === 'begin' && event.span ? event.span : `e${event.seq}`,
    step: event.step,
    layer: event.layer,
    actor: event.actor.name,
    part: 'does',
    span: event.span,
    at: event.at,
    event,
    facts: [],
    failure: failureOf(event),
    position: telling.position,
    count: 1,
    members: EMPTY,
  };
  const last = telling.steps.at(-1);
  if (last && bundles(last, step)) return addToBundle(telling, last, step);
  return {
    ...telling,
    steps: telling.steps.push(step),
    places: withPlace(telling.places, step, { step: telling.steps.length }),
  };
}

function withPlace(places: PersistentMap<Place>, step: ToldStep, place: Place): PersistentMap<Place> {
  return step.event.type === 'begin' && step.span ? places.set(step.span, place) : places;
}

/** A fact of the same instant by the same process is what has just come to exist by the step. */
function comesOf(last: ToldStep, fact: TraceEvent): boolean {
  const { event } = last.members.at(-1) ?? last;
  return event.type === 'log' && event.at === fact.at && event.actor.pid === fact.actor.pid;
}

function placeOfLast(telling: Telling): Place {
  const step = telling.steps.length - 1;
  const { members } = telling.steps.at(step)!;
  return members.length > 0 ? { step, member: members.length - 1 } : { step };
}

/** Steps that come in turn, once for each hierarchy of the old cgroups: told as one. */
const CGROUP_FAMILY = [
  'kernel/cgroup-mkdir',
  'kernel/cgroup-attach',
  'kernel/cgroup-write',
  'kernel/has-cgroup',
];
/** Values that a reader waits for: each is told by itself. */
const LIMIT = /^(memory\.|pids\.max|cpu\.(max|cfs_|shares|weight))/;

/** Only what the kernel does and what is read back comes in crowds; acts of programs are told one by one. */
function bundles(last: ToldStep, step: ToldStep): boolean {
  if (last.event.container !== step.event.container) return false;
  const crowd = step.layer === 'kernel' || step.event.type === 'fact';
  if (isReadBack(last) || isReadBack(step)) return isReadBack(last) && isReadBack(step);
  if (!crowd || last.part !== 'does' || programName(last.actor) !== programName(step.actor)) return false;
  if (isLimit(last) || isLimit(step)) return false;
  if (last.step === step.step) return true;
  return last.step === 'kernel/cgroup-mkdir' && CGROUP_FAMILY.includes(step.step);
}

/** What is read from /proc and cgroup files while the container waits is looked at in one go. */
function isReadBack({ event }: ToldStep): boolean {
  return event.type === 'fact' && event.grade === 'read-back';
}

function isLimit({ step, event }: ToldStep): boolean {
  return step === 'kernel/cgroup-write' && typeof event.data.name === 'string' && LIMIT.test(event.data.name);
}

function addToBundle(telling: Telling, last: ToldStep, step: ToldStep): Telling {
  const index = telling.steps.length - 1;
  const alone = last.count === 1;
  const members = (alone ? EMPTY.push(last) : last.members).push(step);
  const bundle: ToldStep = {
    ...last,
    position: step.position,
    count: members.length,
    members,
    failure: last.failure ?? step.failure,
  };
  let places = withPlace(telling.places, step, { step: index, member: members.length - 1 });
  if (alone) places = withPlace(places, last, { step: index, member: 0 });
  return { ...telling, steps: telling.steps.set(index, bundle), places };
}

function tellFact(telling: Telling, event: TraceEvent, place: Place): Telling {
  return change(telling, place, (step) =>
    step.facts.length < MAX_FACTS ? { ...step, facts: [...step.facts, event] } : step,
  );
}

function tellEnd(telling: Telling, event: TraceEvent): Telling {
  const place = event.span === undefined ? undefined : telling.places.get(event.span);
  if (!place) return telling;
  const begun = telling.steps.at(place.step)!;
  const answers = place.step < telling.steps.length - 1 && isAnswered(event);
  const changed = change(telling, place, (step) => ({
    ...step,
    end: event,
    durationMs: event.at - step.at,
    // What went wrong is told by the answer, not by the question.
    failure: answers ? step.failure : (failureOf(event) ?? step.failure),
    part: answers ? 'asks' : 'does',
  }));
  if (!answers || event.data.open === true) return changed;
  const answer: ToldStep = {
    ...begun,
    key: `${begun.key}/answer`,
    part: 'answers',
    at: event.at,
    durationMs: event.at - begun.at,
    end: event,
    facts: [],
    failure: failureOf(event),
    position: telling.position,
  };
  return { ...changed, steps: changed.steps.push(answer) };
}

/** Kernel calls and typed commands are told in one: their end says nothing that was not said. */
function isAnswered({ layer, step }: TraceEvent): boolean {
  return layer !== 'kernel' && step !== 'low-level/command';
}

/** Changes the step of a span, and its bundle with it; the newest step takes in what has just happened. */
function change(telling: Telling, place: Place, by: (step: ToldStep) => ToldStep): Telling {
  const top = telling.steps.at(place.step)!;
  let next: ToldStep;
  if (place.member === undefined) next = by(top);
  else {
    const member = by(top.members.at(place.member)!);
    const placed =
      place.member === top.members.length - 1 ? { ...member, position: telling.position } : member;
    const members = top.members.set(place.member, placed);
    next = { ...top, members, failure: top.failure ?? placed.failure, durationMs: span(top, placed) };
  }
  const isLast = place.step === telling.steps.length - 1;
  return {
    ...telling,
    steps: telling.steps.set(place.step, isLast ? { ...next, position: telling.position } : next),
  };
}

function span(bundle: ToldStep, member: ToldStep): number | undefined {
  return member.end ? Math.max(bundle.durationMs ?? 0, member.end.at - bundle.at) : bundle.durationMs;
}
