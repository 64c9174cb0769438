import { type Call, type ChainState, containerOf } from '@underdock/chain';
import { arrowShapes } from './arrows.ts';
import { bandShapes } from './bands.ts';
import { boxPlaces, boxShapes } from './boxes.ts';
import { capsuleShapes } from './capsule.ts';
import { columnShapes } from './column.ts';
import { layoutOf } from './layout.ts';
import type { SceneOptions } from './options.ts';
import type { Scene } from './shapes.ts';

/** The dive at one moment, as shapes in painting order. Places depend on the options alone, never on the moment. */
export function scene(state: ChainState, options: SceneOptions): Scene {
  const layout = layoutOf(options);
  const picture = containerOf(state);
  const boxes = boxPlaces(state, layout, options);
  const arrows = arrowShapes(state, layout, boxes, options);
  return {
    width: layout.width,
    height: layout.height,
    label: sceneLabel(state, arrows.current),
    shapes: [
      ...bandShapes(state, layout),
      ...capsuleShapes(picture, layout),
      ...columnShapes(picture, layout),
      ...boxShapes(state, layout, boxes, arrows.active),
      ...arrows.shapes,
    ],
  };
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
