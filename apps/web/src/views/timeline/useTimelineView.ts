import type { ChainState, LaneMark, ToldStep } from '@underdock/chain';
import { useEffect, useState } from 'react';
import { readPlace } from '../../player/address.ts';
import type { Reading, ReadingSnapshot } from '../../player/reading.ts';
import { useKeys } from '../useKeys.ts';
import type { Picked } from '../usePicked.ts';
import { holdsFound, useFound, useLanes } from './useSearch.ts';

const ASKED = 'underdock:search';

/** The timeline in place of the picture, and what is looked for in the trace. */
export interface TimelineUse extends ReturnType<typeof useFound> {
  open: boolean;
  toggle(): void;
  lanes: ReturnType<typeof useLanes>;
  typed: string;
  type(words: string): void;
  /** Whether a told step was found. */
  holds(step: ToldStep): boolean;
  /** Goes to where a mark stands and shows its evidence. */
  goTo(mark: LaneMark): void;
}

/** Opens and closes the timeline by key; keeps what was searched when it is closed. */
export function useTimelineView(
  { reading, snapshot, picked }: { reading: Reading; snapshot: ReadingSnapshot; picked: Picked },
  last: ChainState | undefined,
): TimelineUse {
  const [open, setOpen] = useState(() => readPlace(location.hash).view === 'timeline');
  const [typed, type] = useState(() => readPlace(location.hash).find ?? '');
  const [asked, setAsked] = useState(0);
  const lanes = useLanes(last, snapshot.timeline, open || typed !== '');
  const { found, keys, isCurrent } = useFound(typed, lanes, snapshot.timeline);
  const toggle = () => setOpen((before) => !before);
  useKeys({
    t: toggle,
    '/': () => {
      setOpen(true);
      setAsked((times) => times + 1);
    },
    ...(open ? { Escape: toggle } : {}),
  });
  const isThere = open && lanes !== undefined;
  useEffect(() => {
    if (asked > 0 && isThere) dispatchEvent(new Event(ASKED));
  }, [asked, isThere]);
  return {
    open,
    toggle,
    lanes,
    typed,
    type,
    found,
    keys,
    isCurrent,
    holds: (step) => holdsFound(keys, step),
    goTo: (mark) => goToMark(mark, reading, snapshot, picked),
  };
}

/** A told step is gone to as a step; what stands in a bundle, or is not told, by its place among the events. */
function goToMark(mark: LaneMark, reading: Reading, snapshot: ReadingSnapshot, picked: Picked): void {
  picked.clear();
  const isTold = (step: ToldStep) =>
    step.count === 1 && step.part !== 'answers' && (step.span ?? step.key) === mark.key;
  if (reading.toStep(isTold)) return;
  reading.toPosition(mark.position);
  const ref = mark.call?.span !== undefined ? { span: mark.call.span } : seqOf(mark);
  if (ref) picked.pick(ref, Math.min(mark.position, snapshot.timeline?.events.length ?? 0));
}

function seqOf({ call, event }: LaneMark): { seq: number } | undefined {
  const seq = event?.seq ?? call?.beginSeq;
  return seq === undefined ? undefined : { seq };
}
