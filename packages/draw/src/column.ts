import type { ContainerPicture } from '@underdock/chain';
import { gaugeShapes } from './gauges.ts';
import type { Layout, Rect } from './layout.ts';
import { lockShapes } from './lock.ts';
import { mountShapes } from './mounts.ts';
import type { Shape } from './shapes.ts';
import { stackShapes } from './stack.ts';

/** Rows of text that a mount tree needs at least to be worth its place. */
const TREE_ROWS = 5;

/** Image, limits, lock and mounts, beside the capsule: in one to three columns. */
export function columnShapes(picture: ContainerPicture, layout: Layout): Shape[] {
  const places = placesOf(layout);
  const tree = places.mounts ?? belowStack(picture, layout, places.stack);
  return [
    ...stackShapes(picture, layout, places.stack),
    ...gaugeShapes(picture, layout, places.gauges),
    ...(places.lock ? lockShapes(picture, layout, places.lock) : []),
    ...(tree ? mountShapes(picture, layout, tree) : []),
  ];
}

/** What a low stack leaves of its place, where that is worth a tree: layers are known before any mount. */
function belowStack(picture: ContainerPicture, layout: Layout, stack: Rect): Rect | undefined {
  const slabs = picture.layers.length + (picture.snapshot?.ready ? 1 : 0);
  const used = layout.small * (1.7 + 1.28 * slabs + (slabs > 0 ? 0.5 : 0));
  const height = stack.height - used;
  return height < layout.small * 1.4 * TREE_ROWS ? undefined : { ...stack, y: stack.y + used, height };
}

/** Who stands where depends on the room alone: nothing moves when more becomes known. */
function placesOf({ columns, small }: Layout): { stack: Rect; gauges: Rect; lock?: Rect; mounts?: Rect } {
  const [first, second, third] = columns as [Rect, Rect?, Rect?];
  const lockHeight = small * 4.05;
  const gaugeHeight = small * 5;
  const pause = small * 0.7;
  const tree = small * 1.4 * (TREE_ROWS + 1);
  const home = second ?? { ...first, y: first.y + first.height - gaugeHeight - lockHeight - pause };
  const gauges = { ...home, height: gaugeHeight };
  const lock = { ...home, y: home.y + gaugeHeight + pause, height: lockHeight };
  const stack = {
    ...first,
    height: (second ? first.y + first.height : home.y) - first.y - (second ? 0 : pause),
  };
  if (third) return { stack, gauges, lock, mounts: third };
  const below = { ...home, y: lock.y + lockHeight + pause };
  const left = first.y + first.height - below.y;
  if (second && left >= tree) return { stack, gauges, lock, mounts: { ...below, height: left } };
  if (stack.height < tree * 2 + pause) return { stack, gauges, lock };
  const half = (stack.height - pause) / 2;
  return {
    stack: { ...stack, height: half },
    mounts: { ...stack, y: stack.y + half + pause, height: half },
    gauges,
    lock,
  };
}
