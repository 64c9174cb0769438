import { lazy, Suspense } from 'react';
import type { ReadingSnapshot } from '../../player/reading.ts';
import type { ExportView } from './useExport.ts';

// It comes when it is asked for: the first picture does not wait for it.
const ExportSheet = lazy(() => import('./ExportSheet.tsx'));

/** The export over the page, where it is open. */
export function ExportOver({ view, snapshot }: { view: ExportView; snapshot: ReadingSnapshot }) {
  if (!view.open || !snapshot.state) return null;
  return (
    <Suspense>
      <ExportSheet
        header={snapshot.state.header}
        events={snapshot.timeline?.events ?? []}
        first={view.open.container}
        onClose={view.close}
      />
    </Suspense>
  );
}
