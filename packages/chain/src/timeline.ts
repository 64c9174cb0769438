import type { DetailLevel, TraceEvent, TraceHeader } from '@underdock/trace';
import { applyEvent, initialState } from './fold.ts';
import { compareEvents, inOrder } from './order.ts';
import type { Owned } from './picture.ts';
import type { ChainState } from './state.ts';
import type { Timeline, ToldStep } from './timelineTypes.ts';
import { NOTHING_TOLD, type Telling, tellEvent } from './told.ts';

/** A state (and what is told) is kept every so many events: a seek folds at most this many. */
const KEYFRAME = 512;

/** Events in reading order with states kept on the way; shared by the timelines of all levels. */
class Folded {
  events: TraceEvent[] = [];
  #states: ChainState[];
  #near: ChainState;

  constructor(header: TraceHeader) {
    this.#near = initialState(header);
    this.#states = [this.#near];
  }

  /** Puts events in their place; answers with the first position at which anything has changed. */
  insert(added: readonly TraceEvent[]): number {
    const ordered = inOrder(added);
    const first = ordered[0];
    if (!first) return this.events.length;
    let from = this.events.length;
    while (from > 0 && compareEvents(this.events[from - 1]!, first) > 0) from--;
    const late = this.events.splice(from);
    for (const event of inOrder([...late, ...ordered])) this.events.push(event);
    this.#states.length = Math.min(this.#states.length, Math.floor(from / KEYFRAME) + 1);
    if (this.#near.count > from) this.#near = this.#states.at(-1)!;
    return from;
  }

  stateAt(position: number): ChainState {
    const goal = Math.max(0, Math.min(Math.trunc(position), this.events.length));
    if (this.#near.count === goal) return this.#near;
    const kept = this.#states[Math.min(Math.floor(goal / KEYFRAME), this.#states.length - 1)]!;
    let state = this.#near.count < goal && this.#near.count > kept.count ? this.#near : kept;
    let own: Owned = {};
    while (state.count < goal) {
      state = applyEvent(state, this.events[state.count]!, own);
      if (state.count !== this.#states.length * KEYFRAME) continue;
      this.#states.push(state);
      own = {};
    }
    this.#near = state;
    return state;
  }
}

class ToldTimeline implements Timeline {
  readonly level: DetailLevel;
  readonly start = 0;
  readonly #folded: Folded;
  readonly #kept: Telling[] = [NOTHING_TOLD];
  #telling: Telling = NOTHING_TOLD;
  #steps: readonly ToldStep[] | undefined;
  readonly #family: Set<ToldTimeline>;

  constructor(folded: Folded, level: DetailLevel, family: Set<ToldTimeline>) {
    this.#folded = folded;
    this.level = level;
    this.#family = family;
    family.add(this);
    this.retell(0);
  }

  get events(): readonly TraceEvent[] {
    return this.#folded.events;
  }

  get steps(): readonly ToldStep[] {
    this.#steps ??= [...this.#telling.steps];
    return this.#steps;
  }

  stateAt(position: number): ChainState {
    return this.#folded.stateAt(position);
  }

  stepIndexAt(position: number): number {
    return lastIndexWhere(this.#telling.steps.length, (i) => this.#telling.steps.at(i)!.position <= position);
  }

  positionAt(at: number): number {
    return lastIndexWhere(this.events.length, (i) => this.events[i]!.at <= at) + 1;
  }

  append(events: readonly TraceEvent[]): void {
    const from = this.#folded.insert(events);
    for (const timeline of this.#family) timeline.retell(from);
  }

  withLevel(level: DetailLevel): Timeline {
    for (const timeline of this.#family) if (timeline.level === level) return timeline;
    return new ToldTimeline(this.#folded, level, this.#family);
  }

  /** Tells again what follows `from` events; what stood before stays. */
  retell(from: number): void {
    this.#kept.length = Math.min(this.#kept.length, Math.floor(from / KEYFRAME) + 1);
    let telling = this.#telling.position <= from ? this.#telling : this.#kept.at(-1)!;
    while (telling.position < this.events.length) {
      telling = tellEvent(telling, this.events[telling.position]!, this.level);
      if (telling.position === this.#kept.length * KEYFRAME) this.#kept.push(telling);
    }
    this.#telling = telling;
    this.#steps = undefined;
  }
}

/** The told steps of a trace and the state at any position; events may come in writing order and may keep coming. */
export function createTimeline(
  header: TraceHeader,
  events: readonly TraceEvent[] = [],
  level: DetailLevel = 'story',
): Timeline {
  const folded = new Folded(header);
  folded.insert(events);
  return new ToldTimeline(folded, level, new Set());
}

/** The last index below `length` for which `holds`, given that it holds for all before; -1 if for none. */
function lastIndexWhere(length: number, holds: (index: number) => boolean): number {
  let low = 0;
  let high = length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (holds(middle)) low = middle + 1;
    else high = middle;
  }
  return low - 1;
}
