import { lazy, Suspense } from 'react';
import type { ReadingSnapshot } from '../../player/reading.ts';
import type { DiskView } from './useDisk.ts';

// It comes when it is asked for: the first picture does not wait for it.
const LayersSheet = lazy(() => import('./LayersSheet.tsx'));

/** The layers on disk over the page, where they are open. */
export function LayersOver(props: { disk: DiskView; snapshot: ReadingSnapshot; canDrive: boolean }) {
  const { disk, snapshot, canDrive } = props;
  if (!disk.open || !snapshot.state) return null;
  return (
    <Suspense>
      <LayersSheet
        run={snapshot.state.header.id}
        container={disk.open.container}
        events={snapshot.timeline?.events ?? []}
        canDrive={canDrive}
        onClose={disk.close}
      />
    </Suspense>
  );
}
