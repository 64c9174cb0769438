import type { DetailLevel, Guide, GuideHide, GuideNote, TraceEvent } from '@underdock/trace';
import type { ChainState } from './state.ts';
import type { Timeline, ToldStep } from './timelineTypes.ts';

/** A timeline told as a guide says: begun and ended where it says, without the steps that it hides. States stay what they are. */
export function guided(timeline: Timeline, guide: Guide): Timeline {
  const { from, to, hide } = guide;
  return from === undefined && to === undefined && hide.length === 0
    ? timeline
    : new GuidedTimeline(timeline, guide);
}

/**
 * The notes of a guide by the index of the told step that they stand at, in the order of their events. Those of a hidden step stand
 * at the next one; those from before the telling begins or after it ends stand nowhere.
 */
export function notesOf(
  { steps, events, start }: Pick<Timeline, 'steps' | 'events' | 'start'>,
  notes: readonly GuideNote[],
): ReadonlyMap<number, GuideNote[]> {
  const bySeq = Map.groupBy(notes, ({ seq }) => seq);
  const found = new Map<number, GuideNote[]>();
  if (notes.length === 0) return found;
  let index = 0;
  for (let position = start + 1; position <= events.length && index < steps.length; position++) {
    while (index < steps.length && steps[index]!.position < position) index++;
    const here = bySeq.get(events[position - 1]!.seq);
    // What follows the last told step belongs to it.
    const at = Math.min(index, steps.length - 1);
    if (here) found.set(at, [...(found.get(at) ?? []), ...here]);
  }
  return found;
}

class GuidedTimeline implements Timeline {
  readonly #timeline: Timeline;
  readonly #guide: Guide;
  /** Made anew when events come. */
  #told: { steps: readonly ToldStep[]; start: number; events: readonly TraceEvent[] } | undefined;

  constructor(timeline: Timeline, guide: Guide) {
    this.#timeline = timeline;
    this.#guide = guide;
  }

  get level(): DetailLevel {
    return this.#timeline.level;
  }

  get start(): number {
    return this.#tell().start;
  }

  get events(): readonly TraceEvent[] {
    return this.#tell().events;
  }

  get steps(): readonly ToldStep[] {
    return this.#tell().steps;
  }

  stateAt(position: number): ChainState {
    const { start, events } = this.#tell();
    return this.#timeline.stateAt(Math.min(Math.max(position, start), events.length));
  }

  stepIndexAt(position: number): number {
    return this.#tell().steps.findLastIndex((step) => step.position <= position);
  }

  positionAt(at: number): number {
    const { start, events } = this.#tell();
    return Math.min(Math.max(this.#timeline.positionAt(at), start), events.length);
  }

  append(events: readonly TraceEvent[]): void {
    this.#timeline.append(events);
    this.#told = undefined;
  }

  withLevel(level: DetailLevel): Timeline {
    return new GuidedTimeline(this.#timeline.withLevel(level), this.#guide);
  }

  #tell() {
    this.#told ??= cut(this.#timeline, this.#guide);
    return this.#told;
  }
}

function cut(timeline: Timeline, { from, to, hide }: Guide) {
  const all = timeline.events;
  const first = from === undefined ? -1 : all.findIndex(({ seq }) => seq === from);
  const last = to === undefined ? -1 : all.findIndex(({ seq }) => seq === to);
  const start = Math.max(first, 0);
  // A guide whose end lies before its beginning, or in another trace, hides nothing by it.
  const end = last < start ? all.length : last + 1;
  const inside = timeline.steps.filter(({ position }) => position > start && position <= end);
  const places = placesOf(hide, all);
  const steps = inside.filter((step, index) => {
    const before = inside[index - 1]?.position ?? start;
    return !hide.some((rule) => hides(rule, step, before, places));
  });
  return { start, steps, events: end === all.length ? all : all.slice(0, end) };
}

/** Positions just after the events that rules name. */
function placesOf(rules: readonly GuideHide[], events: readonly TraceEvent[]): Map<number, number> {
  const wanted = new Set(rules.flatMap(({ seq }) => seq ?? []));
  const places = new Map<number, number>();
  if (wanted.size > 0)
    events.forEach(({ seq }, index) => {
      if (wanted.has(seq)) places.set(seq, index + 1);
    });
  return places;
}

function hides(rule: GuideHide, step: ToldStep, before: number, places: Map<number, number>): boolean {
  const { seq, layer, actor, container } = rule;
  const place = seq === undefined ? undefined : (places.get(seq) ?? 0);
  return (
    (rule.step === undefined || rule.step === step.step) &&
    (layer === undefined || layer === step.layer) &&
    (actor === undefined || actor === step.actor) &&
    (container === undefined || container === step.event.container) &&
    (place === undefined || (place > before && place <= step.position))
  );
}
