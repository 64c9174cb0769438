import { type ContainerPicture, NAMESPACE_KINDS, type NamespaceKind } from '@underdock/chain';
import type { Layout } from './layout.ts';
import { words } from './paint.ts';
import type { Shape } from './shapes.ts';

const TURN = Math.PI * 2;
const SLIT = 0.035;

/**
 * The pod around a container: an arc outside of those segments that are the pause process’s too, and in the ring’s lower corner the
 * pause process itself, which holds them.
 */
export function podShapes(
  pod: ContainerPicture | undefined,
  shared: ReadonlySet<NamespaceKind>,
  layout: Layout,
): Shape[] {
  if (!pod?.sandbox) return [];
  const { cx, cy, outer } = layout.capsule;
  const { small } = layout;
  const step = TURN / NAMESPACE_KINDS.length;
  const arcs = NAMESPACE_KINDS.flatMap((kind, i): Shape[] =>
    shared.has(kind)
      ? [
          {
            kind: 'ring',
            key: `pod/${kind}`,
            part: 'segment',
            states: ['pod'],
            layer: 'high-level',
            cx,
            cy,
            innerRadius: outer + small * 0.2,
            outerRadius: outer + small * 0.45,
            startAngle: i * step + SLIT,
            endAngle: (i + 1) * step - SLIT,
            fill: 'layer-high-level',
            label: `${kind} namespace: the pod’s own, held by its pause process`,
          },
        ]
      : [],
  );
  return [...arcs, ...chip(pod, shared, layout)];
}

/** In the corner below the left labels, where the ring leaves room. */
function chip(pod: ContainerPicture, shared: ReadonlySet<NamespaceKind>, layout: Layout): Shape[] {
  const { small, capsule, ringLabels } = layout;
  const { sandbox, life } = pod;
  const pid = sandbox?.pid ?? pod.init;
  const over = life === 'gone' || sandbox?.gone === true;
  // On a telephone the labels take all of the ring’s height: then beside the kernel’s name.
  const narrow = capsule.outer < small * 7;
  const text = over ? 'pause: gone' : pid === undefined || narrow ? 'pause' : `pause ${pid}`;
  const width = small * (narrow ? (over ? 7 : 4.2) : 8.8);
  const height = small * 1.7;
  const x = narrow ? layout.margin + small * 4 : Math.max(layout.margin, ringLabels.left.x);
  const y = narrow ? layout.rock.y + small * 0.35 : capsule.cy + capsule.outer - small * 1.35;
  const held = [...shared].join(', ') || 'the pod’s namespaces';
  const label = over
    ? 'the pod’s pause process: gone, and with it the namespaces that it held'
    : `the pod’s pause process${pid === undefined ? '' : `, pid ${pid}`}: it holds ${held}`;
  const ref = sandbox ? { seq: sandbox.seq, step: 'high-level/has-sandbox' } : undefined;
  return [
    {
      kind: 'rect',
      key: 'pod/pause',
      part: 'life',
      states: [over ? 'gone' : 'alive'],
      layer: 'process',
      ...{ x, y, width, height },
      radius: small * 0.6,
      fill: 'capsule-inside',
      stroke: 'layer-high-level',
      strokeWidth: 1.75,
      dash: over ? '3 4' : undefined,
      opacity: over ? 0.5 : 1,
      ref,
      label,
    },
    ...words({
      key: 'pod/pause/name',
      part: 'life',
      layer: 'process',
      x: x + width / 2,
      anchor: 'middle',
      y: y + small * 1.2,
      text,
      room: width - small * 0.6,
      size: small,
      weight: 600,
      fill: 'rock-ink',
      ref,
    }),
  ];
}
