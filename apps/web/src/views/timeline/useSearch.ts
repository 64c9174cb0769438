import {
  type ChainState,
  fitsMark,
  searchOf,
  type TimeLanes,
  type Timeline,
  type ToldStep,
  timeLanes,
} from '@underdock/chain';
import type { TraceEvent } from '@underdock/trace';
import { useDeferredValue, useMemo } from 'react';

/** The lanes of a trace at the level that is read; undefined while nobody needs them. */
export function useLanes(
  last: ChainState | undefined,
  timeline: Timeline | undefined,
  isNeeded: boolean,
): TimeLanes | undefined {
  // A trace that grows is laid out anew when there is time for it.
  const settled = useDeferredValue(isNeeded ? last : undefined);
  return useMemo(
    () => settled && timeline && timeLanes(settled, timeline.events, timeline.level),
    [settled, timeline],
  );
}

/** Keys of all marks that fit what was typed, in order of time; undefined while nothing is looked for. */
export function useFound(typed: string, lanes: TimeLanes | undefined, timeline: Timeline | undefined) {
  const wanted = useDeferredValue(typed);
  const found = useMemo(() => {
    const search = searchOf(wanted);
    if (!search || !lanes || !timeline) return undefined;
    const bySeq = new Map<number, TraceEvent>(timeline.events.map((event) => [event.seq, event]));
    const marks = lanes.lanes.flatMap((lane) =>
      lane.marks.filter((mark) =>
        fitsMark(search, mark, lane.name, mark.event ?? (mark.call && bySeq.get(mark.call.beginSeq))),
      ),
    );
    return marks.sort((a, b) => a.begin - b.begin).map(({ key }) => key);
  }, [wanted, lanes, timeline]);
  const keys = useMemo(() => found && new Set(found), [found]);
  return { found, keys, isCurrent: wanted === typed };
}

/** Whether a told step, or one that is bundled in it, was found. */
export function holdsFound(keys: ReadonlySet<string> | undefined, step: ToldStep): boolean {
  if (!keys || keys.size === 0) return false;
  if (keys.has(step.span ?? step.key)) return true;
  for (const member of step.members) if (keys.has(member.span ?? member.key)) return true;
  return step.facts.some(({ seq }) => keys.has(`e${seq}`));
}
