import { useEffect, useRef } from 'react';
import { type Place, readPlace, type View } from '../player/address.ts';
import type { Reading, ReadingSnapshot } from '../player/reading.ts';
import type { DiskView } from './layers/useDisk.ts';
import type { TimelineUse } from './timeline/useTimelineView.ts';
import type { Flags } from './useFlags.ts';
import { usePlace } from './usePlace.ts';

interface ViewsOf {
  reading: Reading;
  snapshot: ReadingSnapshot;
  presenting: boolean;
  onPresent: () => void;
  timeline: TimelineUse;
  flags: Flags;
  disk: DiskView;
}

/** Keeps in the address where somebody reads and by which view, and opens what an address names. */
export function useViews(of: ViewsOf): void {
  const { reading, snapshot, presenting, timeline, flags, disk } = of;
  const asked = useRef<View | undefined>(readPlace(location.hash).view);
  const open = (view: View | undefined) => {
    if (timeline.open !== (view === 'timeline')) timeline.toggle();
    if (view === 'flags') flags.show();
    if (view === 'layers') asked.current = view;
    if (presenting !== (view === 'present')) of.onPresent();
  };
  usePlace(reading, snapshot, { view: viewOf(of), find: timeline.typed || undefined }, (place: Place) => {
    timeline.type(place.find ?? '');
    open(place.view);
  });
  const { show } = disk;
  useEffect(() => {
    // The layers are known only when the trace has told of them.
    if (asked.current === 'layers' && show) {
      asked.current = undefined;
      show();
    } else if (asked.current === 'flags') {
      asked.current = undefined;
      flags.show();
    }
  });
}

function viewOf({ presenting, timeline, flags, disk }: ViewsOf): View | undefined {
  if (presenting) return 'present';
  if (disk.open) return 'layers';
  if (timeline.open) return 'timeline';
  return flags.open ? 'flags' : undefined;
}
