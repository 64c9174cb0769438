import type { ChainState } from '@underdock/chain';
import type { Layer } from '@underdock/trace';
import { BANDS, type Layout } from './layout.ts';
import { textWidth } from './measure.ts';
import { present, words } from './paint.ts';
import type { Shape } from './shapes.ts';

/** What a layer is for, told in its band while nobody is seen in it. */
const PURPOSE: Readonly<Record<string, string>> = {
  client: 'what you type',
  engine: 'keeps the containers: names, states, limits',
  'high-level': 'prepares image, filesystem and configuration',
  'low-level': 'builds the isolation, then steps aside',
};

/** What is said in a band that this road does not lead through. */
const ABSENT: Readonly<Record<string, Readonly<Record<string, string>>>> = {
  oci: {
    engine: 'not on this road: nobody keeps names, states and logs for you',
    'high-level': 'not on this road: underdock makes the bundle itself, as you would by hand',
  },
};

/** The bands, the bedrock, their names, and the hatching of layers that are not watched. */
export function bandShapes(state: ChainState, layout: Layout): Shape[] {
  const { rock } = layout;
  return present([
    ...BANDS.flatMap((layer) => bandOf(state, layout, layer)),
    {
      kind: 'rect',
      key: 'band/kernel',
      part: 'bedrock',
      layer: 'kernel',
      ...rock,
      fill: 'bedrock',
      texture: 'bedrock',
      label: 'kernel: the bedrock',
    },
    {
      kind: 'line',
      key: 'surface/kernel',
      part: 'bedrock',
      points: surface(layout),
      stroke: 'rock-line',
      strokeWidth: 1.5,
      head: 'none',
    },
    ...kernelName(state, layout),
    ...footer(state, layout),
  ]);
}

function bandOf(state: ChainState, layout: Layout, layer: Layer): Shape[] {
  const band = layout.bands[layer]!;
  const gap = gapOf(state, layer);
  const baseline = boxMiddle(layout, layer) + layout.small * 0.36;
  const room = layout.slots[0]!.x - layout.margin - layout.small * 0.5;
  const seen = state.actors.some((actor) => actor.layer === layer);
  const name = words({
    key: `name/${layer}`,
    part: 'text',
    layer,
    x: layout.margin,
    y: gap ? baseline - layout.small * 0.6 : baseline,
    text: layer,
    room,
    size: layout.small,
    weight: 600,
    fill: 'ink',
  });
  const hint = words({
    key: `hint/${layer}`,
    part: 'hint',
    layer,
    x: layout.slots[0]!.x,
    y: baseline,
    text: ABSENT[state.header.via]?.[layer] ?? PURPOSE[layer] ?? '',
    room: layout.width - layout.margin - layout.slots[0]!.x,
    size: layout.small,
    fill: 'ink-soft',
  });
  return present([
    { kind: 'rect', key: `band/${layer}`, part: 'band', layer, ...band, fill: `band-${layer}` },
    gap && { kind: 'rect', key: `gap/${layer}`, part: 'gap', ...band, texture: 'hatch', label: gapText(gap) },
    ...name,
    ...(gap ? unwatched(layout, layer, baseline, room, gapText(gap)) : []),
    ...(seen ? [] : hint),
  ]);
}

function unwatched(layout: Layout, layer: Layer, baseline: number, room: number, label: string): Shape[] {
  const text = textWidth('not watched', { size: layout.small }) <= room ? 'not watched' : 'unseen';
  return words({
    key: `unwatched/${layer}`,
    part: 'gap',
    x: layout.margin,
    y: baseline + layout.small * 0.7,
    text,
    label,
    room,
    size: layout.small,
    fill: 'gap',
  });
}

/** Middle of the boxes of a band. */
export function boxMiddle(layout: Layout, layer: Layer): number {
  const strip = layout.strips[BANDS.indexOf(layer)]!;
  return strip.y - layout.boxHeight / 2;
}

type Gap = ChainState['gaps'][number];

/** What can’t be seen of a layer. */
function gapOf(state: ChainState, layer: Layer): Gap | undefined {
  return state.gaps.find((gap) => gap.layer === layer && leavesGap(state, gap));
}

/** One watcher of several that is missing leaves no gap in the picture. */
function leavesGap({ watchers }: ChainState, { kind, layer }: Gap): boolean {
  return kind === 'lost' || !watchers.some((watcher) => watcher.layer === layer && watcher.state === 'ok');
}

function gapText(gap: ChainState['gaps'][number]): string {
  if (gap.kind === 'lost') return `${gap.count ?? 0} records of ${gap.name} were lost`;
  const by = gap.name === '' || gap.name === 'none' ? '' : ` by ${gap.name}`;
  return `${gap.layer} is not watched${by}${gap.why ? `: ${gap.why}` : ''}`;
}

/** A rock is not flat: small steps along the border, the same for every width. */
function surface({ rock, small }: Layout): [number, number][] {
  const points: [number, number][] = [];
  const step = small * 1.7;
  for (let i = 0; i * step <= rock.width + step; i++) {
    points.push([Math.min(i * step, rock.width), rock.y + (((i * 7919) % 5) - 2) * 0.7]);
  }
  return points;
}

function kernelName(state: ChainState, layout: Layout): Shape[] {
  const room = layout.ringLabels.left.width + layout.small * 0.5;
  const y = layout.rock.y + layout.small * 1.4;
  const gap = gapOf(state, 'kernel');
  return present([
    gap && {
      kind: 'rect',
      key: 'gap/kernel',
      part: 'gap',
      ...layout.rock,
      texture: 'hatch',
      label: gapText(gap),
    },
    ...words({
      key: 'name/kernel',
      part: 'text',
      layer: 'kernel',
      x: layout.margin,
      y,
      text: 'kernel',
      room,
      size: layout.small,
      weight: 600,
      fill: 'rock-ink',
    }),
  ]);
}

/** The last line of the rock: what could not be seen, else how it ended. */
function footer(state: ChainState, layout: Layout): Shape[] {
  const { footer: line, small } = layout;
  const open = state.gaps.filter((known) => leavesGap(state, known));
  const gap = open.find((known) => known.layer === 'kernel' || known.layer === 'process') ?? open[0];
  const more = open.length > 1 ? ` (and ${open.length - 1} more)` : '';
  const lesser = state.gaps[0];
  const ended =
    state.finished && !state.failure && state.exitCode !== undefined
      ? `over: exit code ${state.exitCode}`
      : '';
  return words({
    key: 'footer',
    part: gap ? 'gap' : 'text',
    x: line.x,
    y: line.y + small * 1.1,
    text: gap ? gapText(gap) + more : ended || (lesser ? gapText(lesser) : ''),
    room: line.width,
    size: small,
    fill: gap ? 'rock-gap' : 'rock-soft',
  });
}
