import type { ChainState, LaneMark, TimeLanes, Timeline } from '@underdock/chain';
import { useEffect, useRef, useState } from 'react';
import { useKeys } from '../useKeys.ts';
import { LaneNames } from './LaneNames.tsx';
import { MarkList } from './MarkList.tsx';
import { MarkSaid } from './MarkSaid.tsx';
import { SearchBox } from './SearchBox.tsx';
import { TimeTable } from './TimeTable.tsx';
import { useTimeStage } from './useTimeStage.ts';
import { useLayout, useSight } from './useTimes.ts';

interface TimelineViewProps {
  lanes: TimeLanes;
  timeline: Timeline;
  /** State after all that is there. */
  last: ChainState;
  /** The play position, ms. */
  at: number;
  /** Key of what the reader looks at. */
  chosen: string | undefined;
  typed: string;
  onType: (words: string) => void;
  found: readonly string[] | undefined;
  /** What was found is what was typed last. */
  isCurrent: boolean;
  foundKeys: ReadonlySet<string> | undefined;
  onPick: (mark: LaneMark) => void;
  /** The play position is dragged to an instant, ms. */
  onSeek: (at: number) => void;
  onClose: () => void;
}

/** The whole run over its own time: a lane for each layer and actor, what waits for what, and where the time went. */
export default function TimelineView(props: TimelineViewProps) {
  const { lanes, timeline, last, at, chosen, foundKeys } = props;
  const [isFolded, setFolded] = useState(false);
  const [onlyFound, setOnlyFound] = useState(false);
  const [hovered, setHovered] = useState<string>();
  const layout = useLayout(lanes, timeline, isFolded);
  const sight = useSight(lanes);
  const picture = { lanes, ...layout, at, chosen, found: foundKeys, onlyFound };
  const { canvas, strip, needle, stage } = useTimeStage(picture, {
    onPick: props.onPick,
    onHover: (mark) => setHovered(mark?.key),
    onWindow: (from, to) => sight.setSight({ from, to }),
  });
  useZoomKeys(stage);
  useEffect(() => stage.current?.bringIn(at), [stage, at]);
  return (
    <section className="timeline" aria-label="Timeline">
      <div className="timeline-head">
        <SearchBox {...props} />
        {foundKeys && <Check words="only these" checked={onlyFound} onChange={setOnlyFound} />}
        <span className="spacer" />
        {layout.waits.length > 0 && <Check words="shorten waits" checked={isFolded} onChange={setFolded} />}
        <ZoomButtons stage={stage} />
        <button type="button" onClick={props.onClose}>
          Back to the picture <kbd>t</kbd>
        </button>
      </div>
      <svg className="timeline-strip" ref={strip} aria-hidden="true" />
      {/* biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls has to be reachable by keyboard */}
      <section className="timeline-lanes" aria-label="Lanes" tabIndex={0}>
        <LaneNames placed={layout.placed} />
        <div className="timeline-canvas">
          <canvas ref={canvas} aria-label="Bars over time; the same is in the list below" role="img" />
          <Needle needle={needle} stage={stage} onSeek={props.onSeek} />
        </div>
      </section>
      <MarkSaid lanes={lanes} markKey={hovered ?? chosen} onPick={props.onPick} />
      <TimeTable last={last} from={sight.from} to={sight.to} />
      <MarkList {...props} from={sight.from} to={sight.to} found={foundKeys} />
    </section>
  );
}

function Check(props: { words: string; checked: boolean; onChange: (checked: boolean) => void }) {
  return (
    <label>
      <input
        type="checkbox"
        checked={props.checked}
        onChange={(event) => props.onChange(event.target.checked)}
      />{' '}
      {props.words}
    </label>
  );
}

type StageRef = ReturnType<typeof useTimeStage>['stage'];

function useZoomKeys(stage: StageRef): void {
  useKeys({
    '+': () => stage.current?.zoomBy(2),
    '=': () => stage.current?.zoomBy(2),
    '-': () => stage.current?.zoomBy(0.5),
    '<': () => stage.current?.panBy(-0.3),
    '>': () => stage.current?.panBy(0.3),
  });
  useEffect(() => {
    const fit = () => stage.current?.fit();
    addEventListener('underdock:fit', fit);
    return () => removeEventListener('underdock:fit', fit);
  }, [stage]);
}

function ZoomButtons({ stage }: { stage: StageRef }) {
  return (
    <fieldset className="zoom-buttons">
      <legend className="sr-only">How close one looks</legend>
      <button type="button" aria-label="Further away" onClick={() => stage.current?.zoomBy(0.5)}>
        −
      </button>
      <button type="button" aria-label="Closer" onClick={() => stage.current?.zoomBy(2)}>
        +
      </button>
      <button type="button" onClick={() => stage.current?.fit()}>
        All
      </button>
    </fieldset>
  );
}

/** The play position: it can be dragged; the arrow keys move it everywhere. */
function Needle(props: {
  needle: { current: HTMLDivElement | null };
  stage: StageRef;
  onSeek: (at: number) => void;
}) {
  const [dragging, setDragging] = useState(false);
  const box = useRef<DOMRect>(undefined);
  return (
    <div
      ref={props.needle}
      className="time-needle"
      aria-hidden="true"
      onPointerDown={(event) => {
        event.stopPropagation();
        event.currentTarget.setPointerCapture(event.pointerId);
        box.current = event.currentTarget.parentElement!.getBoundingClientRect();
        setDragging(true);
      }}
      onPointerMove={(event) => {
        if (!dragging || !box.current) return;
        const left = Math.min(box.current.width, Math.max(0, event.clientX - box.current.left));
        props.onSeek(props.stage.current?.atLeft(left) ?? 0);
      }}
      onPointerUp={() => setDragging(false)}
      onPointerCancel={() => setDragging(false)}
    />
  );
}
