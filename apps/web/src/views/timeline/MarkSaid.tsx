import type { LaneMark, TimeLanes } from '@underdock/chain';
import { duration, instant } from '../evidence/values.ts';

/** In one line: what a mark is, when, how long, and what made it happen. */
export function MarkSaid(props: {
  lanes: TimeLanes;
  markKey: string | undefined;
  onPick: (mark: LaneMark) => void;
}) {
  const { lanes, markKey } = props;
  const known = markKey === undefined ? undefined : lanes.byKey.get(markKey);
  if (!known) {
    return <p className="mark-said quiet-text">Point at a bar to read what it is; click it to go there.</p>;
  }
  const { mark, lane } = known;
  const cause = mark.call?.cause.map((span) => lanes.byKey.get(span)).find((above) => above);
  return (
    <p className="mark-said">
      <strong className={`on-${mark.layer}`}>{mark.name}</strong> <span>by {lane.name}</span>{' '}
      <span className="quiet-text">
        at {instant(mark.begin)}
        {mark.end > mark.begin &&
          `, ${mark.open ? 'not seen to end, at least' : 'took'} ${duration(mark.end - mark.begin)}`}
        {mark.failed && ', failed'}
      </span>
      {cause && (
        <>
          {', for '}
          <button type="button" className="link" onClick={() => props.onPick(cause.mark)}>
            {cause.mark.name}
          </button>
        </>
      )}
    </p>
  );
}
