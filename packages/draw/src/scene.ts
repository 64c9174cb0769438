import { type Call, type ChainState, callOf, containerOf, podOf, sharedWithPod } from '@underdock/chain';
import { LAYERS } from '@underdock/trace';
import { arrowShapes } from './arrows.ts';
import { bandShapes } from './bands.ts';
import { boxPlaces, boxShapes } from './boxes.ts';
import { capsuleShapes } from './capsule.ts';
import { columnShapes } from './column.ts';
import { type Layout, layoutOf } from './layout.ts';
import type { SceneOptions } from './options.ts';
import { podShapes } from './pod.ts';
import type { Scene, Shape } from './shapes.ts';

/** The dive at one moment, as shapes in painting order. Places depend on the options alone, never on the moment. */
export function scene(state: ChainState, options: SceneOptions): Scene {
  const layout = layoutOf(options);
  const picture = containerOf(state, options.container);
  const pod = podOf(state, picture);
  const shared = sharedWithPod(picture, pod);
  const boxes = boxPlaces(state, layout, options);
  const arrows = arrowShapes(state, layout, boxes, options);
  return {
    width: layout.width,
    height: layout.height,
    label: sceneLabel(state, arrows.current),
    shapes: [
      ...bandShapes(state, layout),
      ...shaft(state, layout),
      ...capsuleShapes(picture, layout, state.current, shared),
      ...podShapes(pod, shared, layout),
      ...columnShapes(picture, layout),
      ...boxShapes(state, layout, boxes, arrows.active),
      ...arrows.shapes,
    ],
  };
}

/** Light falls as deep as the command has dived: down to the deepest layer that works now. */
function shaft(state: ChainState, layout: Layout): Shape[] {
  const depths = state.open.map((key) => LAYERS.indexOf(callOf(state, key)?.layer ?? 'client'));
  const deepest = Math.max(-1, ...depths, callOf(state, state.current)?.layer === 'kernel' ? 4 : -1);
  if (deepest < 0 || state.finished) return [];
  const band = layout.bands[LAYERS[deepest]!];
  const bottom = band ? band.y + band.height : layout.rock.y;
  const width = layout.small * 22;
  return [
    {
      kind: 'rect',
      key: 'depth',
      part: 'depth',
      x: layout.diveX - width / 2,
      y: 0,
      width,
      height: bottom,
      texture: 'shaft',
    },
  ];
}

function sceneLabel(state: ChainState, current: Call | undefined): string {
  if (state.actors.length === 0)
    return 'The six layers of a chain, from client to process. Nothing has run yet.';
  const actors = state.actors.map((actor) => `${actor.name} (${actor.layer})`).join(', ');
  const now = current
    ? `Now: ${current.name}${current.failure ? `, failed: ${current.failure.error}` : ''}.`
    : '';
  return `Seen so far: ${actors}. ${now}`.trim();
}
