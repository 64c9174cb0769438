import {
  type ContainerPicture,
  NAMESPACE_KINDS,
  type NamespaceFact,
  type NamespaceKind,
} from '@underdock/chain';
import { floor } from './floor.ts';
import type { Layout } from './layout.ts';
import { present, words } from './paint.ts';
import { processWords } from './process.ts';
import type { Shape } from './shapes.ts';

const TURN = Math.PI * 2;
/** Half of the slit between two segments, radians. */
const SLIT = 0.035;

/** The capsule: a ring of namespaces, the process inside, the root filesystem as its floor. `shared`: kinds that are its pod’s. */
export function capsuleShapes(
  picture: ContainerPicture,
  layout: Layout,
  current?: string,
  shared: ReadonlySet<NamespaceKind> = new Set(),
): Shape[] {
  return [
    inside(picture, layout),
    ...floor(picture, layout),
    ...NAMESPACE_KINDS.flatMap((kind, i) =>
      segment(picture, layout, kind, i, { current, ofPod: shared.has(kind) }),
    ),
    ...processWords(picture, layout),
  ];
}

function inside(picture: ContainerPicture, layout: Layout): Shape {
  const { cx, cy, inner } = layout.capsule;
  const alive = picture.life === 'alive';
  return {
    kind: 'ring',
    key: 'capsule/inside',
    part: 'life',
    states: [picture.life],
    layer: 'process',
    cx,
    cy,
    innerRadius: 0,
    outerRadius: inner - 3,
    startAngle: 0,
    endAngle: TURN,
    fill: 'capsule-inside',
    texture: alive ? 'glow' : undefined,
    opacity: picture.life === 'none' || picture.life === 'gone' ? 0.45 : 1,
    label: `the container's process: ${LIFE_WORDS[picture.life]}`,
  };
}

const LIFE_WORDS: Readonly<Record<ContainerPicture['life'], string>> = {
  none: 'none yet',
  building: 'its place is being built',
  waiting: 'waits for start',
  alive: 'alive',
  dead: 'has ended',
  gone: 'taken apart',
};

function segment(
  picture: ContainerPicture,
  layout: Layout,
  kind: (typeof NAMESPACE_KINDS)[number],
  index: number,
  { current, ofPod }: { current: string | undefined; ofPod: boolean },
): Shape[] {
  const fact = picture.namespaces[kind];
  // The kernel takes a namespace away with its last process.
  const left = fact?.own === true && (fact.gone === true || picture.life === 'gone');
  const own = fact?.own === true && !left;
  const fresh = own && fact.span !== undefined && fact.span === current;
  const step = TURN / NAMESPACE_KINDS.length;
  const { cx, cy, inner, outer } = layout.capsule;
  const ref = fact ? { seq: fact.seq, span: fact.span, step: 'kernel/has-namespace' } : undefined;
  return [
    {
      kind: 'ring',
      key: `segment/${kind}`,
      part: 'segment',
      states: [stateOf(fact, left), ...(fresh ? ['fresh'] : [])],
      opacity: own && picture.life === 'dead' ? 0.55 : undefined,
      layer: 'kernel',
      cx,
      cy,
      innerRadius: own ? inner : inner + (outer - inner) * 0.2,
      outerRadius: own ? outer : outer - (outer - inner) * 0.2,
      startAngle: index * step + SLIT,
      endAngle: (index + 1) * step - SLIT,
      fill: own ? 'rock-kernel' : undefined,
      stroke: fresh ? 'rock-ink' : own ? undefined : left ? 'rock-kernel' : 'shared',
      strokeWidth: fresh ? 2 : 1.25,
      dash: fact && !left ? undefined : '3 4',
      ref,
      label: segmentLabel(kind, fact, left) + (ofPod ? ', the same as the pod’s pause process' : ''),
    },
    ...segmentWords(layout, kind, index, fact, { own, ofPod }),
  ];
}

function stateOf(fact: NamespaceFact | undefined, left: boolean): string {
  if (!fact) return 'unknown';
  if (left) return 'gone';
  return fact.own ? 'own' : 'shared';
}

function segmentLabel(kind: string, fact: NamespaceFact | undefined, left: boolean): string {
  if (!fact) return `${kind} namespace: not known yet`;
  if (left) return `${kind} namespace ${fact.inode}: gone with its last process`;
  return fact.own
    ? `${kind} namespace of its own: ${fact.inode}${fact.hostInode ? `, the host has ${fact.hostInode}` : ''}`
    : `${kind} namespace shared with the host: ${fact.inode}`;
}

/** Kinds go clockwise from the top: the first half stands right of the ring, the second half left of it, from below. */
function segmentWords(
  layout: Layout,
  kind: string,
  index: number,
  fact: NamespaceFact | undefined,
  { own, ofPod }: { own: boolean; ofPod: boolean },
): Shape[] {
  const half = NAMESPACE_KINDS.length / 2;
  const isRight = index < half;
  const row = isRight ? index : NAMESPACE_KINDS.length - 1 - index;
  const column = isRight ? layout.ringLabels.right : layout.ringLabels.left;
  const { small } = layout;
  const y = column.y + (column.height / half) * (row + 0.5);
  const x = isRight ? column.x : column.x + column.width;
  const base = {
    part: 'segment',
    layer: 'kernel',
    x,
    anchor: isRight ? 'start' : 'end',
    room: column.width,
  } as const;
  const note = fact?.own ? fact.inode : fact ? 'the host’s' : '';
  const states = [own ? 'own' : 'shared'];
  const size = small;
  const anchorAngle = ((index + 0.5) * TURN) / NAMESPACE_KINDS.length;
  return present([
    leader(layout, anchorAngle, isRight, y, kind, own),
    ...words({
      ...base,
      key: `segment/${kind}/name`,
      states,
      y: note ? y - small * 0.12 : y + small * 0.36,
      text: ofPod ? `${kind} (pod)` : kind,
      size,
      weight: own ? 600 : 400,
      fill: own ? 'rock-kernel' : 'rock-soft',
    }),
    ...words({
      ...base,
      key: `segment/${kind}/inode`,
      states,
      y: y + small * 1.02,
      text: note,
      size,
      mono: fact?.own === true,
      fill: own ? 'rock-ink' : 'rock-soft',
      ref: fact ? { seq: fact.seq, span: fact.span, step: 'kernel/has-namespace' } : undefined,
    }),
  ]);
}

/** A hair from the segment to its words. */
function leader(
  layout: Layout,
  angle: number,
  isRight: boolean,
  y: number,
  kind: string,
  own: boolean,
): Shape {
  const { cx, cy, outer } = layout.capsule;
  const reach = layout.small * 0.35;
  const x = isRight
    ? layout.ringLabels.right.x - reach
    : layout.ringLabels.left.x + layout.ringLabels.left.width + reach;
  return {
    kind: 'line',
    key: `segment/${kind}/leader`,
    part: 'segment',
    points: [
      [cx + Math.sin(angle) * (outer + 2), cy - Math.cos(angle) * (outer + 2)],
      [x, y],
    ],
    head: 'none',
    stroke: own ? 'rock-kernel' : 'shared',
    strokeWidth: 1,
    opacity: own ? 0.8 : 0.5,
  };
}
