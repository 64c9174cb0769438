import { type Call, type ChainState, callOf, isShown, recentCalls } from '@underdock/chain';
import type { Boxes } from './boxes.ts';
import type { Layout } from './layout.ts';
import { textWidth } from './measure.ts';
import type { SceneOptions } from './options.ts';
import { present, words } from './paint.ts';
import { type Route, routeOf } from './route.ts';
import type { Shape } from './shapes.ts';

/** Arrows older than the current one that still fade, and marks kept in all. */
const FADING = 2;
const MARKS = 48;

/** What is drawn of the calls: the picture's arrows, and the actors that are at work. */
export interface Arrows {
  shapes: Shape[];
  active: ReadonlySet<string>;
  current?: Call;
}

/** Arrows of the moment: the open ones as a thread from the client down, the current one bright, older ones fading. */
export function arrowShapes(state: ChainState, layout: Layout, boxes: Boxes, options: SceneOptions): Arrows {
  const level = options.level ?? 'story';
  const recent = recentCalls(state, level, MARKS);
  const told = callOf(state, state.current);
  const current = told && isShown(told.level, level) ? told : recent[0];
  const selected = callOf(state, options.selectedSpan);
  const others = recent.filter((call) => call.key !== current?.key && call.key !== selected?.key);
  const bright = [current, selected === current ? undefined : selected].filter((call) => call !== undefined);
  const named = new Set<string>();
  const front = bright.flatMap((call, i) => brightArrow(state, call, layout, boxes, named, i));
  const fading = others
    .slice(0, FADING)
    .flatMap((call, i) => fadingArrow(call, layout, boxes, named, i + bright.length));
  return {
    shapes: [
      ...threads(state, layout, boxes, level),
      ...marks(others.slice(FADING), layout, boxes),
      ...fading,
      ...front,
    ],
    active: new Set(current && !state.finished ? endsOf(current) : []),
    current,
  };
}

function endsOf(call: Call): string[] {
  return [call.from, call.to].flatMap((end) => ('actor' in end ? [end.actor] : []));
}

/** The calls that wait for what lies below them: together they are the dive. */
function threads(state: ChainState, layout: Layout, boxes: Boxes, level: SceneOptions['level']): Shape[] {
  return state.open.flatMap((key) => {
    const call = callOf(state, key);
    if (!call || !isShown(call.level, level ?? 'story') || 'outside' in call.to) return [];
    if (sameEnd(call)) return [];
    const route = routeOf(call, layout, boxes, 0);
    if (!route) return [];
    return [
      {
        kind: 'line',
        key: `thread/${call.key}`,
        part: 'arrow',
        states: ['open'],
        layer: call.layer,
        points: route.points,
        head: 'none',
        stroke: hue(call),
        strokeWidth: 3,
        opacity: 0.55,
      } satisfies Shape,
    ];
  });
}

function sameEnd({ from, to }: Call): boolean {
  return 'actor' in from && 'actor' in to && from.actor === to.actor;
}

function hue(call: Call): string {
  if (call.failure) return call.layer === 'kernel' ? 'rock-failure' : 'failure';
  return `${call.layer === 'kernel' || call.layer === 'process' ? 'rock' : 'layer'}-${call.layer}`;
}

/** A call has been answered after others had begun below it: what moves now is the answer. */
function isAnswer(state: ChainState, call: Call): boolean {
  return (
    call.endAt !== undefined &&
    call.layer !== 'kernel' &&
    state.calls.at(-1)?.key !== call.key &&
    !sameEnd(call)
  );
}

function brightArrow(
  state: ChainState,
  call: Call,
  layout: Layout,
  boxes: Boxes,
  named: Set<string>,
  index: number,
): Shape[] {
  const route = routeOf(call, layout, boxes, index);
  if (!route) return [];
  const answers = isAnswer(state, call);
  const points = answers ? route.back : route.points;
  const failed = Boolean(call.failure);
  const states = [
    index === 0 ? 'current' : 'selected',
    ...(failed ? ['failed'] : []),
    ...(answers ? ['answer'] : []),
  ];
  const ref = { span: call.span, seq: call.beginSeq, step: call.step };
  const label = arrowLabel(call, answers);
  return present([
    {
      kind: 'line',
      key: `arrow/${call.key}`,
      part: 'arrow',
      states,
      layer: call.layer,
      points,
      head: failed ? 'none' : 'end',
      stroke: hue(call),
      strokeWidth: 3,
      ref,
      label,
    },
    failed && crossAt(points, layout, call),
    ...nameOf(call, route, layout, named, { text: label, opacity: 1, states, weight: 600 }),
  ]);
}

/** The name on an arrow: what was said, or what came back. */
function arrowLabel(call: Call, answers: boolean): string {
  const { failure, data } = call;
  if (failure) return `${call.name}: ${failure.error}${failure.message ? `, ${failure.message}` : ''}`;
  const ended = call.endAt !== undefined && (answers || call.step === 'client/run');
  if (ended && typeof data.exitCode === 'number') return `${call.name}: exit ${data.exitCode}`;
  if (!answers) return call.name;
  return `${call.name}: done`;
}

function fadingArrow(call: Call, layout: Layout, boxes: Boxes, named: Set<string>, age: number): Shape[] {
  const route = routeOf(call, layout, boxes, age);
  if (!route) return [];
  const opacity = age <= 1 ? 0.7 : 0.45;
  const states = ['fading', ...(call.failure ? ['failed'] : [])];
  const ref = { span: call.span, seq: call.beginSeq, step: call.step };
  return present([
    {
      kind: 'line',
      key: `arrow/${call.key}`,
      part: 'arrow',
      states,
      layer: call.layer,
      points: route.points,
      head: 'end',
      stroke: hue(call),
      strokeWidth: 1.75,
      opacity,
      ref,
      label: call.name,
    },
    call.failure && crossAt(route.points, layout, call),
    ...nameOf(call, route, layout, named, { text: call.name, opacity: 1, states, weight: 400 }),
  ]);
}

interface Naming {
  text: string;
  opacity: number;
  states: string[];
  weight: number;
}

/** The name beside its arrow, on a plate that hides the lines behind; one name a place, the newest first. */
function nameOf(call: Call, route: Route, layout: Layout, named: Set<string>, naming: Naming): Shape[] {
  if (named.has(route.place)) return [];
  named.add(route.place);
  const inRock = route.place === 'strip 3';
  const ref = { span: call.span, seq: call.beginSeq, step: call.step };
  const size = layout.small;
  const { x, y, room } = route.text;
  const soft = naming.weight < 600 ? 'ink-soft' : 'ink';
  const text = words({
    key: `name/${call.key}`,
    part: 'text',
    states: naming.states,
    layer: call.layer,
    x,
    y,
    text: naming.text,
    room,
    size,
    mono: true,
    weight: naming.weight,
    fill: call.failure ? 'failure' : soft,
    ref,
  });
  const shown = text[0];
  if (!shown) return [];
  const width = textWidth(shown.text, { size, mono: true });
  const plate: Shape = {
    kind: 'rect',
    key: `plate/${call.key}`,
    part: 'text',
    x: x - size * 0.4,
    y: y - size * 1.05,
    width: width + size * 0.8,
    height: size * 1.45,
    radius: size * 0.35,
    fill: inRock ? 'band-low-level' : plateFill(route.place),
    ref,
  };
  return [plate, ...text];
}

const PLATES = ['band-client', 'band-engine', 'band-high-level', 'band-low-level'];

function plateFill(place: string): string {
  const [where, index] = place.split(' ');
  const band = Number(index) + (where === 'strip' ? 1 : 0);
  return PLATES[Math.min(band, PLATES.length - 1)]!;
}

function crossAt(points: Route['points'], layout: Layout, call: Call): Shape {
  const [x, y] = points.at(-1)!;
  const [px, py] = points.at(-2)!;
  const length = Math.hypot(x - px, y - py) || 1;
  const r = layout.small * 0.42;
  const cx = x - ((x - px) / length) * r;
  const cy = y - ((y - py) / length) * r;
  return {
    kind: 'path',
    key: `cross/${call.key}`,
    part: 'cross',
    states: ['failed'],
    d: `M${cx - r} ${cy - r}L${cx + r} ${cy + r}M${cx + r} ${cy - r}L${cx - r} ${cy + r}`,
    stroke: hue(call),
    strokeWidth: 3.5,
    label: 'failed here',
  };
}

/** What is long past: thin marks left of the dive's line that can be chosen, newest nearest to it. */
function marks(calls: readonly Call[], layout: Layout, boxes: Boxes): Shape[] {
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
