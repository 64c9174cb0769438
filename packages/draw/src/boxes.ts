import type { ActorState, ChainState } from '@underdock/chain';
import type { Layer } from '@underdock/trace';
import { boxMiddle } from './bands.ts';
import { BANDS, type Layout, type Rect, SLOTS } from './layout.ts';
import { textWidth } from './measure.ts';
import type { SceneOptions } from './options.ts';
import { words } from './paint.ts';
import type { Shape } from './shapes.ts';

/** Where the box of each actor stands, by key. Actors past the last slot share it. */
export type Boxes = ReadonlyMap<string, Rect>;

/** Places by order of first appearance in the whole trace, if known, else so far: both give the same places. */
export function boxPlaces(state: ChainState, layout: Layout, options: SceneOptions): Boxes {
  const places = new Map<string, Rect>();
  const counts = new Map<string, number>();
  for (const { key, layer } of [...(options.actors ?? []), ...state.actors]) {
    if (places.has(key) || !BANDS.includes(layer as Layer)) continue;
    const count = counts.get(layer) ?? 0;
    counts.set(layer, count + 1);
    const slot = layout.slots[Math.min(count, SLOTS - 1)]!;
    const y = boxMiddle(layout, layer as Layer) - layout.boxHeight / 2;
    places.set(key, { ...slot, y, height: layout.boxHeight });
  }
  return places;
}

/** A box for each actor that has been seen; several past the last slot are told as one with their number. */
export function boxShapes(
  state: ChainState,
  layout: Layout,
  places: Boxes,
  active: ReadonlySet<string>,
): Shape[] {
  return BANDS.flatMap((layer) => {
    const actors = state.actors.filter((actor) => actor.layer === layer && places.has(actor.key));
    const crowd = actors.filter((actor) => places.get(actor.key)!.x === layout.slots[SLOTS - 1]!.x);
    const shown = actors.filter((actor) => !crowd.includes(actor) || actor === crowd.at(-1));
    return shown.flatMap((actor) => {
      const more = actor === crowd.at(-1) ? crowd.length - 1 : 0;
      return boxOf(actor, layout, places.get(actor.key)!, active.has(actor.key), more);
    });
  });
}

function boxOf(actor: ActorState, layout: Layout, rect: Rect, active: boolean, more: number): Shape[] {
  const details = detailsOf(actor);
  const ref = { actor: actor.key };
  return [
    {
      kind: 'rect',
      key: `box/${actor.key}`,
      part: 'box',
      states: active ? ['active'] : [],
      layer: actor.layer,
      ...rect,
      radius: 7,
      fill: active ? 'box-active' : 'box',
      stroke: active ? `layer-${actor.layer}` : 'box-line',
      strokeWidth: active ? 2.5 : 1.25,
      ref,
      label: `${actor.name}${more > 0 ? ` and ${more} more` : ''}, ${actor.layer}${details ? `, ${details}` : ''}`,
    },
    {
      kind: 'rect',
      key: `box/${actor.key}/hue`,
      part: 'box',
      layer: actor.layer,
      x: rect.x + 5,
      y: rect.y + 7,
      width: 3.5,
      height: rect.height - 14,
      radius: 1.75,
      fill: `layer-${actor.layer}`,
      ref,
    },
    ...boxWords(actor, layout, rect, details, more),
  ];
}

function boxWords(actor: ActorState, layout: Layout, rect: Rect, details: string, more: number): Shape[] {
  const x = rect.x + layout.small * 1.1;
  const room = rect.x + rect.width - x - layout.small * 0.4;
  const middle = rect.y + rect.height / 2;
  const face = { size: layout.large, weight: 600 };
  const short = shortName(actor, layout.twoLines);
  const fits = textWidth(short, face) <= room;
  const shown = fits ? short : short.replace(/^containerd-(?=shim$)/, '');
  const name = more > 0 ? `+${more} ${shown}` : shown;
  const base = { part: 'text', layer: actor.layer, x, ref: { actor: actor.key } } as const;
  const nameY = layout.twoLines && details ? middle - layout.small * 0.22 : middle + layout.large * 0.36;
  return [
    ...words({
      ...base,
      key: `box/${actor.key}/name`,
      y: nameY,
      text: name,
      room,
      size: layout.large,
      weight: 600,
      fill: 'ink',
    }),
    ...(layout.twoLines
      ? words({
          ...base,
          key: `box/${actor.key}/details`,
          y: middle + layout.small * 1.05,
          text: details,
          room,
          size: layout.small,
          fill: 'ink-soft',
        })
      : []),
  ];
}

/** A shim's kind, and in whose place somebody speaks, stand in the second line: the first would be cut. */
function shortName({ name }: ActorState, twoLines: boolean): string {
  return name.replace(/^(containerd-shim)-.+$/, '$1').replace(AS, twoLines ? '$1' : '$2');
}

/** Who speaks in another’s place: `underdock as kubelet`. */
const AS = /^(\w+) (as \w+)$/;

/** What it calls itself now, its pid and its version: `[2:INIT] · pid 4711`. */
function detailsOf(actor: ActorState): string {
  const { self, pid, version } = actor;
  const parts: string[] = [];
  const kind = actor.name.match(/^containerd-shim-(.+)$/)?.[1];
  if (kind) return [kind, ...(self?.pid === undefined ? [] : [`pid ${self.pid}`])].join(' · ');
  const place = actor.name.match(AS)?.[2];
  if (place) return place;
  if (self && self.name !== actor.name) {
    parts.push(self.name.startsWith(`${actor.name}:`) ? self.name.slice(actor.name.length + 1) : self.name);
    if (self.pid !== undefined) parts.push(`pid ${self.pid}`);
    return parts.join(' ');
  }
  const current = self?.pid ?? pid;
  if (current !== undefined) parts.push(`pid ${current}`);
  const short = version?.match(/\d+(\.\d+)*/)?.[0];
  if (short) parts.push(short);
  return parts.join(' · ');
}
