import type { ActorState, Call, Endpoint } from '@underdock/chain';
import type { Boxes } from './boxes.ts';
import { BANDS, type Layout, type Rect } from './layout.ts';

type Point = readonly [number, number];

/** How an arrow runs, and where its name may stand. */
export interface Route {
  points: Point[];
  /** Name of the place for words: two arrows with the same one can't both be named. */
  place: string;
  /** Baseline and left edge of the name, and the room to its right (px). */
  text: { x: number; y: number; room: number };
  /** The same way back, for the answer. */
  back: Point[];
}

/** Width of a lane: arrows in the same strip stand this far apart. */
const LANE = 12;

/** How an arrow of this call runs; undefined when an end of it has no place (an actor that is not drawn). */
export function routeOf(call: Call, layout: Layout, boxes: Boxes, lane: number): Route | undefined {
  const from = endOf(call.from, boxes);
  const to = endOf(call.to, boxes);
  if (from === 'process' || to === 'process') return rising(layout, lane);
  if (from === undefined || to === undefined || typeof from === 'string') return undefined;
  const lanes = lane * LANE;
  if (to === 'outside') return outward(layout, from, boxes, lane);
  if (to === 'kernel') return down(layout, from, capsuleTop(layout), lanes, BANDS.length - 1);
  if (from === to) return around(layout, from, boxes, lane);
  if (from.y === to.y) return across(layout, from, to, lanes);
  return down(layout, from, to, lanes, bandIndex(layout, to) - 1);
}

/** The layer that an actor's key names. */
export function layerOfActor(actors: readonly ActorState[], key: string): string | undefined {
  return actors.find((actor) => actor.key === key)?.layer;
}

type End = Rect | 'kernel' | 'outside' | 'process' | undefined;

function endOf(end: Endpoint, boxes: Boxes): End {
  if ('kernel' in end) return 'kernel';
  if ('outside' in end) return 'outside';
  return end.actor.startsWith('process/') ? 'process' : boxes.get(end.actor);
}

function bandIndex(layout: Layout, box: Rect): number {
  return BANDS.findIndex((_, i) => layout.strips[i]!.y > box.y);
}

function capsuleTop({ capsule }: Layout): Rect {
  return {
    x: capsule.cx - capsule.inner,
    y: capsule.cy - capsule.outer,
    width: capsule.inner * 2,
    height: 0,
  };
}

/** Down (or up) through the strip above the target; past other bands by the gutter left of the boxes. */
function down(layout: Layout, from: Rect, to: Rect, lanes: number, strip: number): Route {
  const up = to.y < from.y;
  const x1 = middle(from) - lanes;
  const x2 = middle(to) - lanes;
  const index = up ? bandIndex(layout, from) - 1 : strip;
  const zone = layout.strips[Math.max(0, index)]!;
  const yMid = zone.y + zone.height / 2;
  const start = up ? from.y : from.y + from.height;
  const end = up ? to.y + to.height : to.y;
  const adjacent = Math.abs(bandIndex(layout, from) - (strip + 1)) <= 1 || up;
  const gutter = layout.slots[0]!.x - layout.small * 0.6 - Math.max(0, lanes) / 3;
  const points: Point[] = adjacent
    ? x1 === x2
      ? [
          [x1, start],
          [x2, end],
        ]
      : [
          [x1, start],
          [x1, yMid],
          [x2, yMid],
          [x2, end],
        ]
    : [
        [from.x, from.y + from.height / 2],
        [gutter, from.y + from.height / 2],
        [gutter, yMid],
        [x2, yMid],
        [x2, end],
      ];
  const textX = Math.max(x1 === x2 || !adjacent ? x2 : Math.max(x1, x2), x2) + lanes + LANE * 1.2;
  return {
    points: points as Point[],
    back: shifted(points, LANE * 0.75).reverse(),
    place: `strip ${index}`,
    text: {
      x: textX + LANE * 0.5,
      y: yMid + layout.small * 0.36,
      room: layout.width - layout.margin - textX - LANE,
    },
  };
}

/** Beside each other in one band; the name stands in the strip below. */
function across(layout: Layout, from: Rect, to: Rect, lanes: number): Route {
  const y = from.y + from.height / 2 + Math.min(lanes / 2, from.height / 3);
  const right = to.x > from.x;
  const points: Point[] = right
    ? [
        [from.x + from.width, y],
        [to.x, y],
      ]
    : [
        [from.x, y],
        [to.x + to.width, y],
      ];
  const zone = layout.strips[bandIndex(layout, from)]!;
  const x = Math.max(middle(from), layout.diveX) + LANE * 1.7;
  return {
    points,
    back: shifted(points, 0, LANE * 0.7).reverse(),
    place: `strip ${bandIndex(layout, from)}`,
    text: { x, y: zone.y + zone.height / 2 + layout.small * 0.36, room: layout.width - layout.margin - x },
  };
}

/** What an actor does by itself: a loop at its right side. */
function around(layout: Layout, box: Rect, boxes: Boxes, lane: number): Route {
  const right = box.x + box.width;
  const reach = layout.small * (1.1 + Math.max(0, lane) * 0.3);
  const half = Math.min(box.height * 0.28, layout.small * 0.7);
  const y = box.y + box.height / 2;
  const points: Point[] = [
    [right, y - half],
    [right + reach, y - half],
    [right + reach, y + half],
    [right, y + half],
  ];
  return { points, back: [...points].reverse(), ...beside(layout, box, boxes, right + reach) };
}

/** To something outside of this host: a registry, at the right border. */
function outward(layout: Layout, box: Rect, boxes: Boxes, lane: number): Route {
  const y = box.y + box.height * (0.72 + Math.min(2, lane) * 0.08);
  const points: Point[] = [
    [box.x + box.width, y],
    [layout.width - 2, y],
  ];
  const { text, place } = beside(layout, box, boxes, box.x + box.width);
  return {
    points,
    back: shifted(points, 0, 5).reverse(),
    place,
    text: { ...text, y: y - layout.small * 0.55 },
  };
}

/** Words right of a box where nobody stands, else in the strip below. */
function beside(layout: Layout, box: Rect, boxes: Boxes, from: number) {
  const index = bandIndex(layout, box);
  const taken = [...boxes.values()].some((other) => other.y === box.y && other.x > box.x);
  const zone = layout.strips[index]!;
  const x = taken ? layout.diveX + LANE * 1.7 : from + layout.small * 0.6;
  const y = taken ? zone.y + zone.height / 2 : box.y + box.height / 2;
  return {
    place: taken ? `strip ${index}` : `band ${index}`,
    text: { x, y: y + layout.small * 0.36, room: layout.width - layout.margin - x },
  };
}

/** What the process does, or what is heard of it: out of the capsule, upwards. */
function rising(layout: Layout, lane: number): Route {
  const { cx, cy, outer, inner } = layout.capsule;
  const zone = layout.strips.at(-1)!;
  const x = cx + LANE + lane * LANE;
  const yMid = zone.y + zone.height / 2;
  const points: Point[] = [
    [x, cy - inner + 4],
    [x, Math.max(zone.y + 2, cy - outer - zone.height * 0.8)],
  ];
  return {
    points,
    back: [...points].reverse(),
    place: `strip ${BANDS.length - 1}`,
    text: { x: x + LANE, y: yMid + layout.small * 0.36, room: layout.width - layout.margin - x - LANE },
  };
}

function middle(rect: Rect): number {
  return rect.x + rect.width / 2;
}

function shifted(points: readonly Point[], dx: number, dy = 0): Point[] {
  return points.map(([x, y]) => [x + dx, y + dy] as const);
}
