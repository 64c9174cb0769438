import {
  type ChainState,
  TimeAxis,
  type TimeLanes,
  type Timeline,
  type Wait,
  WorkEdges,
  waitsOf,
} from '@underdock/chain';
import { useDeferredValue, useMemo, useState } from 'react';
import { placeLanes } from '../../stage/laneLayout.ts';

/** A wait this long, as a part of the whole, is shown as one; and so long it is when it is shortened. */
const WAIT_PART = 0.04;

/** Lanes, where they lie, the line of time, and the waits on it. */
export function useLayout(lanes: TimeLanes, timeline: Timeline, isFolded: boolean) {
  const { placed, height } = useMemo(() => placeLanes(lanes.lanes), [lanes]);
  const whole = lanes.to - lanes.from;
  const waits: readonly Wait[] = useMemo(
    () => waitsOf(timeline.events, Math.max(whole * WAIT_PART, 1)),
    [timeline, lanes, whole],
  );
  const axis = useMemo(
    () => new TimeAxis(lanes.from, lanes.to, waits, isFolded ? whole * WAIT_PART : undefined),
    [lanes, waits, isFolded, whole],
  );
  return { placed, height, waits, axis };
}

/** How the time in sight was spent. */
export function useTimeSpent(last: ChainState, from: number, to: number) {
  const edges = useMemo(() => new WorkEdges(last), [last]);
  const [begin, end] = [useDeferredValue(from), useDeferredValue(to)];
  return useMemo(() => edges.between(begin, end), [edges, begin, end]);
}

/** The part of the time that is in sight, ms; all of it until somebody looks closer. */
export function useSight(lanes: TimeLanes) {
  const [sight, setSight] = useState<{ from: number; to: number }>();
  return { from: sight?.from ?? lanes.from, to: sight?.to ?? lanes.to, setSight };
}
