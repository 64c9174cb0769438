import { lazy, Suspense } from 'react';
import type { ReadingSnapshot } from '../../player/reading.ts';
import type { ShareView } from './useShare.ts';

// It comes when it is asked for: the first picture does not wait for it.
const ShareSheet = lazy(() => import('./ShareSheet.tsx'));

/** The sharing over the page, where it is open. */
export function ShareOver({ view, snapshot }: { view: ShareView; snapshot: ReadingSnapshot }) {
  if (!view.open || !snapshot.state) return null;
  return (
    <Suspense>
      <ShareSheet
        header={snapshot.state.header}
        events={snapshot.timeline?.events ?? []}
        onClose={view.close}
      />
    </Suspense>
  );
}
