import type { LaneMark, TimeLane } from '@underdock/chain';

/** Height of one line of bars, and of what is free above and below the lines of a lane, px. */
export const ROW = 18;
const AIR = 3;
/** Of the ruler above the lanes, px. */
export const RULER = 24;

/** Where a lane lies, px from the top of the lanes. */
export interface PlacedLane {
  lane: TimeLane;
  top: number;
  height: number;
}

/** The lanes from top to bottom, and how high they are together. */
export function placeLanes(lanes: readonly TimeLane[]): { placed: PlacedLane[]; height: number } {
  let top = RULER;
  const placed = lanes.map((lane) => {
    const height = lane.rows * ROW + AIR * 2;
    top += height;
    return { lane, top: top - height, height };
  });
  return { placed, height: top };
}

/** The top of a mark's line, px. */
export function rowTop({ top }: PlacedLane, { row }: LaneMark): number {
  return top + AIR + row * ROW;
}

/** How far from a mark a pointer may be and still mean it, px. */
const NEAR = 4;

/** The mark under a pointer; of several the shortest. `x` gives the place of an instant, px. */
export function markAt(
  placed: readonly PlacedLane[],
  { left, top }: { left: number; top: number },
  x: (at: number) => number,
): LaneMark | undefined {
  const place = placed.find((one) => top >= one.top && top < one.top + one.height);
  if (!place) return undefined;
  let best: LaneMark | undefined;
  let bestWidth = Number.POSITIVE_INFINITY;
  for (const mark of place.lane.marks) {
    const y = rowTop(place, mark);
    if (top < y || top >= y + ROW) continue;
    const [begin, end] = [x(mark.begin), x(mark.end)];
    if (begin - NEAR > left) break;
    if (end + NEAR < left || end - begin >= bestWidth) continue;
    best = mark;
    bestWidth = end - begin;
  }
  return best;
}

/** Instants for a ruler: round ones, at least `leastMs` from one another, between two instants. */
export function roundInstants(from: number, to: number, leastMs: number): number[] {
  if (!(leastMs > 0) || !(to > from)) return [];
  const power = 10 ** Math.floor(Math.log10(leastMs));
  const step = [1, 2, 5, 10].map((by) => by * power).find((by) => by >= leastMs) ?? leastMs;
  const instants: number[] = [];
  const first = Math.ceil(from / step);
  for (let i = first; i * step <= to && instants.length < 1000; i++) instants.push(i * step);
  return instants;
}
