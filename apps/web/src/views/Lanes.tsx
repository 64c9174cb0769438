import type { ContainerPicture, ToldStep } from '@underdock/chain';
import { memo, type PointerEvent, useMemo, useState } from 'react';
import { type Lane, lanesOf } from './laneMarks.ts';

/**
 * The told steps on a lane for each layer (with several containers, for each of them), evenly spaced: told time. The whole is one slider; a click or a drag goes
 * to the nearest step.
 */
export function Lanes(props: {
  steps: readonly ToldStep[];
  current: number;
  containers: readonly ContainerPicture[];
  onPick: (index: number) => void;
}) {
  const { steps, current, containers, onPick } = props;
  const lanes = useMemo(() => lanesOf(steps, containers), [steps, containers]);
  const [dragging, setDragging] = useState(false);
  const pick = (event: PointerEvent<HTMLDivElement>) => {
    const box = event.currentTarget.getBoundingClientRect();
    const part = Math.min(1, Math.max(0, (event.clientX - box.left) / box.width));
    onPick(Math.min(steps.length - 1, Math.floor(part * steps.length)));
  };
  return (
    <div className="lanes">
      <div className="lane-names" aria-hidden="true">
        {lanes.map(({ key, name }) => (
          <span key={key}>{name}</span>
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
        <Marks lanes={lanes} count={steps.length} />
        {current >= 0 && (
          <span className="needle" style={{ left: `${((current + 0.5) / steps.length) * 100}%` }} />
        )}
      </div>
    </div>
  );
}

const Marks = memo(function Marks({ lanes, count }: { lanes: readonly Lane[]; count: number }) {
  const width = `max(2px, ${(100 / Math.max(count, 1)) * 0.72}%)`;
  return lanes.map((lane) => (
    <div key={lane.key} className="lane">
      {lane.marks.map((mark) => (
        <i
          key={mark.index}
          className={mark.failed ? `on-${mark.layer} is-failed` : `on-${mark.layer}`}
          style={{ left: `${mark.x}%`, width }}
        />
      ))}
    </div>
  ));
});
