import { type Call, type ChainState, callOf, isShown, recentCalls } from '@underdock/chain';
import { arrowLabel, nameOf } from './arrowName.ts';
import type { Boxes } from './boxes.ts';
import type { Layout } from './layout.ts';
import { markShapes } from './marks.ts';
import type { SceneOptions } from './options.ts';
import { present } from './paint.ts';
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
  const latest = state.latest[level];
  const current = latest === undefined ? recent[0] : state.calls.at(latest);
  const selected = callOf(state, options.selectedSpan);
  const others = recent.filter((call) => call.key !== current?.key && call.key !== selected?.key);
  const bright = [current, selected === current ? undefined : selected].filter((call) => call !== undefined);
  const named = new Set<string>();
  const front = bright.flatMap((call, i) =>
    brightArrow(recent[0], call, layout, boxes, named, { index: i, count: i === 0 ? options.count : 1 }),
  );
  const fading = others
    .slice(0, FADING)
    .flatMap((call, i) => fadingArrow(call, layout, boxes, named, i + bright.length));
  return {
    shapes: [
      ...threads(state, layout, boxes, level),
      ...markShapes(others.slice(FADING), layout, boxes),
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

/** A call has been answered after others of this level had begun below it: what moves now is the answer. */
function isAnswer(call: Call, newest: Call | undefined): boolean {
  return call.endAt !== undefined && call.layer !== 'kernel' && newest?.key !== call.key && !sameEnd(call);
}

function brightArrow(
  newest: Call | undefined,
  call: Call,
  layout: Layout,
  boxes: Boxes,
  named: Set<string>,
  { index, count }: { index: number; count?: number },
): Shape[] {
  const route = routeOf(call, layout, boxes, index);
  if (!route) return [];
  const answers = isAnswer(call, newest);
  const points = answers ? route.back : route.points;
  const failed = Boolean(call.failure);
  const states = [
    index === 0 ? 'current' : 'selected',
    ...(failed ? ['failed'] : []),
    ...(answers ? ['answer'] : []),
  ];
  const ref = { span: call.span, seq: call.beginSeq, step: call.step };
  const label = arrowLabel(call, answers, count);
  return present([
    call.layer === 'kernel' && casing(call, points),
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

/** An arrow into the rock is of a light hue: a dark edge lets it be seen on the bands too. */
function casing(call: Call, points: Route['points']): Shape {
  return {
    kind: 'line',
    key: `casing/${call.key}`,
    part: 'arrow',
    states: ['casing'],
    points,
    head: 'none',
    stroke: 'bedrock',
    strokeWidth: 6,
  };
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

function crossAt(points: Route['points'], layout: Layout, call: Call): Shape {
  const [x, y] = points.at(-1)!;
  const [px, py] = points.at(-2)!;
  const r = layout.small * 0.42;
  const cx = (x + px) / 2;
  const cy = (y + py) / 2;
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
