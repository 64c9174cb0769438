import { type ChainState, type Chapter, chaptersOf, containerTitle, type Timeline } from '@underdock/chain';
import { CHAPTER_WORDS } from '@underdock/story';
import { useDeferredValue, useEffect } from 'react';
import type { Marker } from '../player/markers.ts';
import type { Reading } from '../player/reading.ts';

/** Finds the chapters of the trace whenever there is time for it, and gives them to the reading. */
export function useMarkers(
  reading: Reading,
  timeline: Timeline | undefined,
  last: ChainState | undefined,
): void {
  const settled = useDeferredValue(last);
  useEffect(() => {
    if (settled && timeline) reading.setChapters(chaptersOf(settled, timeline.events).map(named(settled)));
  }, [reading, timeline, settled]);
}

function named({ containers }: ChainState): (chapter: Chapter) => Marker {
  const several = Object.keys(containers).length > 1;
  return ({ kind, seq, container }) => {
    const picture = several && container !== undefined ? containers[container] : undefined;
    const of = picture ? `: ${containerTitle(picture)}` : '';
    return { seq, title: `${CHAPTER_WORDS[kind]}${of}` };
  };
}
