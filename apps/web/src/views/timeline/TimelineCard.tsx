import type { ChainState } from '@underdock/chain';
import { lazy, Suspense } from 'react';
import type { Reading, ReadingSnapshot } from '../../player/reading.ts';
import type { Picked } from '../usePicked.ts';
import type { TimelineUse } from './useTimelineView.ts';

// It comes when it is asked for: the first picture does not wait for it.
const TimelineView = lazy(() => import('./TimelineView.tsx'));

/** The timeline where the picture was. */
export function TimelineCard(props: {
  reading: Reading;
  snapshot: ReadingSnapshot;
  last: ChainState | undefined;
  picked: Picked;
  use: TimelineUse;
}) {
  const { reading, snapshot, last, picked, use } = props;
  const { timeline, state, steps, stepIndex } = snapshot;
  const step = picked.step ?? steps[stepIndex];
  if (!timeline || !last || !use.lanes) return <p className="quiet-text">The trace is being laid out…</p>;
  return (
    <Suspense>
      <TimelineView
        lanes={use.lanes}
        timeline={timeline}
        last={last}
        at={state?.at ?? 0}
        chosen={step && (step.span ?? step.key)}
        typed={use.typed}
        onType={use.type}
        found={use.found}
        isCurrent={use.isCurrent}
        foundKeys={use.keys}
        onPick={use.goTo}
        onSeek={(at) => reading.toPosition(timeline.positionAt(at))}
        onClose={use.toggle}
      />
    </Suspense>
  );
}
