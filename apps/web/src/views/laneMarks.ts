import { type ContainerPicture, containerTitle, type ToldStep } from '@underdock/chain';
import { LAYERS, type Layer } from '@underdock/trace';

/** One mark of a lane; `x` in percent of the told time. */
export interface Mark {
  index: number;
  layer: Layer;
  x: number;
  failed: boolean;
}

/** A line of marks under one name. */
export interface Lane {
  key: string;
  name: string;
  marks: readonly Mark[];
}

/** Beyond this many steps, marks of one lane that fall together are drawn as one. */
const PLACES = 600;
/** Lanes that fit below the picture; further containers share the last one. */
const MOST_LANES = 6;

/** A lane for each layer; with several containers one for what is about none of them, and one for each. */
export function lanesOf(steps: readonly ToldStep[], containers: readonly ContainerPicture[]): Lane[] {
  if (containers.length < 2) {
    const marks = marksBy(steps, ({ layer }) => layer);
    return LAYERS.map((layer) => ({ key: layer, name: layer, marks: marks.get(layer) ?? [] }));
  }
  const own = containers.length < MOST_LANES ? containers : containers.slice(0, MOST_LANES - 2);
  const rest = containers.length - own.length;
  const keys = new Set(own.map(({ id }) => id));
  const marks = marksBy(steps, ({ event: { container } }) =>
    container === undefined ? 'command' : keys.has(container) ? container : 'others',
  );
  const lane = (key: string, name: string): Lane => ({ key, name, marks: marks.get(key) ?? [] });
  return [
    lane('command', 'command'),
    ...own.map((one) => lane(one.id, containerTitle(one))),
    ...(rest > 0 ? [lane('others', `${rest} others`)] : []),
  ];
}

function marksBy(steps: readonly ToldStep[], laneOf: (step: ToldStep) => string): Map<string, Mark[]> {
  const lanes = new Map<string, Mark[]>();
  const taken = new Map<string, Mark>();
  for (const [index, step] of steps.entries()) {
    const lane = laneOf(step);
    const place = steps.length > PLACES ? Math.floor((index / steps.length) * PLACES) : index;
    const failed = step.failure !== undefined;
    const known = taken.get(`${lane}/${place}`);
    if (known) known.failed ||= failed;
    else {
      const mark = { index, layer: step.layer, x: (index / steps.length) * 100, failed };
      taken.set(`${lane}/${place}`, mark);
      const marks = lanes.get(lane);
      if (marks) marks.push(mark);
      else lanes.set(lane, [mark]);
    }
  }
  return lanes;
}
