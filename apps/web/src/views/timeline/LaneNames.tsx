import { type PlacedLane, RULER } from '../../stage/laneLayout.ts';

/** The names beside the lanes: of each layer once, of each actor in it. */
export function LaneNames({ placed }: { placed: readonly PlacedLane[] }) {
  return (
    <div className="time-lane-names" aria-hidden="true">
      <span style={{ height: RULER }} />
      {placed.map(({ lane, height }, index) => {
        const isFirst = placed[index - 1]?.lane.layer !== lane.layer;
        return (
          <span key={lane.key} className={`on-${lane.layer} ${isFirst ? 'is-first' : ''}`} style={{ height }}>
            <b>{isFirst ? lane.layer : ''}</b>
            <em title={lane.name}>{lane.name}</em>
          </span>
        );
      })}
    </div>
  );
}
