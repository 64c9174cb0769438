import type { Call } from '@underdock/chain';
import type { Boxes } from './boxes.ts';
import type { Layout } from './layout.ts';
import { routeOf } from './route.ts';
import type { Shape } from './shapes.ts';

/** What is long past: thin marks left of the dive's line that can be chosen, newest nearest to it. */
export function markShapes(calls: readonly Call[], layout: Layout, boxes: Boxes): Shape[] {
  const counts = new Map<string, number>();
  return calls.flatMap((call) => {
    const place = routeOf(call, layout, boxes, 0)?.place;
    const index = place?.startsWith('strip ') ? Number(place.slice(6)) : undefined;
    const zone = index === undefined ? undefined : layout.strips[index];
    if (!place || !zone) return [];
    const count = counts.get(place) ?? 0;
    counts.set(place, count + 1);
    const x = layout.diveX - layout.small * (3.2 + count * 0.5);
    if (x < layout.slots[0]!.x) return [];
    const inset = zone.height * 0.22;
    return [
      {
        kind: 'line',
        key: `mark/${call.key}`,
        part: 'mark',
        states: ['old', ...(call.failure ? ['failed'] : [])],
        layer: call.layer,
        points: [
          [x, zone.y + inset],
          [x, zone.y + zone.height - inset],
        ],
        head: 'none',
        stroke: call.failure ? 'failure' : 'mark',
        strokeWidth: 2,
        ref: { span: call.span, seq: call.beginSeq, step: call.step },
        label: call.name,
      } satisfies Shape,
    ];
  });
}
