import type { ToldStep } from '@underdock/chain';
import { LAYERS, type Layer } from '@underdock/trace';
import { memo, type PointerEvent, useMemo, useState } from 'react';
import { LAYER_NAMES } from './Story.tsx';

/** One mark of a lane; `x` and `width` in percent of the told time. */
interface Mark {
  index: number;
  x: number;
  failed: boolean;
}

/**
 * The told steps on a lane for each layer, evenly spaced: told time. The whole is one slider; a click or a drag goes
 * to the nearest step.
 */
export function Lanes(props: {
  steps: readonly ToldStep[];
  current: number;
  onPick: (index: number) => void;
}) {
  const { steps, current, onPick } = props;
  const [dragging, setDragging] = useState(false);
  const pick = (event: PointerEvent<HTMLDivElement>) => {
    const box = event.currentTarget.getBoundingClientRect();
    const part = Math.min(1, Math.max(0, (event.clientX - box.left) / box.width));
    onPick(Math.min(steps.length - 1, Math.floor(part * steps.length)));
  };
  return (
    <div className="lanes">
      <div className="lane-names" aria-hidden="true">
        {LAYERS.map((layer) => (
          <span key={layer}>{LAYER_NAMES[layer]}</span>
        ))}
      </div>
      <div
        className="lane-area"
        role="slider"
        tabIndex={0}
        aria-label="Step"
        aria-valuemin={0}
        aria-valuemax={steps.length}
        aria-valuenow={current + 1}
        aria-valuetext={`step ${current + 1} of ${steps.length}`}
        onPointerDown={(event) => {
          if (steps.length === 0) return;
          event.currentTarget.setPointerCapture(event.pointerId);
          setDragging(true);
          pick(event);
        }}
        onPointerMove={(event) => dragging && pick(event)}
        onPointerUp={() => setDragging(false)}
        onPointerCancel={() => setDragging(false)}
      >
        <Marks steps={steps} />
        {current >= 0 && (
          <span className="needle" style={{ left: `${((current + 0.5) / steps.length) * 100}%` }} />
        )}
      </div>
    </div>
  );
}

/** Beyond this many steps, marks of one lane that fall together are drawn as one. */
const PLACES = 600;

const Marks = memo(function Marks({ steps }: { steps: readonly ToldStep[] }) {
  const lanes = useMemo(() => marksByLayer(steps), [steps]);
  const width = `max(2px, ${(100 / Math.max(steps.length, 1)) * 0.72}%)`;
  return LAYERS.map((layer) => (
    <div key={layer} className={`lane on-${layer}`}>
      {(lanes.get(layer) ?? []).map((mark) => (
        <i
          key={mark.index}
          className={mark.failed ? 'is-failed' : undefined}
          style={{ left: `${mark.x}%`, width }}
        />
      ))}
    </div>
  ));
});

function marksByLayer(steps: readonly ToldStep[]): Map<Layer, Mark[]> {
  const lanes = new Map<Layer, Mark[]>();
  const taken = new Map<string, Mark>();
  for (const [index, step] of steps.entries()) {
    const place = steps.length > PLACES ? Math.floor((index / steps.length) * PLACES) : index;
    const known = taken.get(`${step.layer}/${place}`);
    if (known) known.failed ||= step.failure !== undefined;
    else {
      const mark = { index, x: (index / steps.length) * 100, failed: step.failure !== undefined };
      taken.set(`${step.layer}/${place}`, mark);
      lanes.set(step.layer, [...(lanes.get(step.layer) ?? []), mark]);
    }
  }
  return lanes;
}
