import type { DetailLevel, Layer, TraceEvent } from '@underdock/trace';
import type { PersistentList } from './persistentList.ts';
import type { CallError, ChainState } from './state.ts';

/** One told step: what the reader takes in at once. */
export interface ToldStep {
  /** Stable: the span (and `/answer`), or `e<seq>`. */
  key: string;
  step: string;
  layer: Layer;
  actor: string;
  /** `asks` begins an act that others answer later with a step of their own (`answers`); `does` is told in one. */
  part: 'asks' | 'answers' | 'does';
  span?: string;
  /** ms since the header's instant. */
  at: number;
  /** True duration of the act, once it has ended. */
  durationMs?: number;
  /** The event that began it, and the one that ended it. */
  event: TraceEvent;
  end?: TraceEvent;
  /** Facts that came to be by it. */
  facts: readonly TraceEvent[];
  failure?: CallError;
  /** How many events of the ordered trace are folded when this step has just been told. */
  position: number;
  /** More than one: a bundle (`mount x 38`) whose members can be shown one by one. */
  count: number;
  members: PersistentList<ToldStep>;
}

/** The told steps of a trace at one level of detail, and the state at any position. */
export interface Timeline {
  readonly level: DetailLevel;
  /** Position where the telling begins: 0 but where somebody left the beginning out. */
  readonly start: number;
  /** In order of (at, seq). */
  readonly events: readonly TraceEvent[];
  readonly steps: readonly ToldStep[];
  /** State after `position` events (0 = nothing yet … events.length), whole numbers; clamped. */
  stateAt(position: number): ChainState;
  /** Index of the newest step told at `position`, -1 before the first. */
  stepIndexAt(position: number): number;
  /** Position after the last event at or before `at` (ms). */
  positionAt(at: number): number;
  /** Adds events of a growing trace; late ones (by at most 250 ms) are put in their place. */
  append(events: readonly TraceEvent[]): void;
  /** The same events at another level of detail; kept states are shared. */
  withLevel(level: DetailLevel): Timeline;
}
