import { useEffect, useState } from 'react';
import { useKeys } from '../useKeys.ts';

/** The button stands in the line on top, the trace lies further down: this event goes from one to the other. */
const ASKED = 'underdock:export';

/** Opens the export of the run that is shown. */
export function askForExport(): void {
  dispatchEvent(new Event(ASKED));
}

/** Whether the export lies open over the page, and of which container. */
export interface ExportView {
  open: { container: string | undefined } | undefined;
  close(): void;
}

/** Keeps what is open. The story may go on to another container meanwhile: what is open stays. */
export function useExport(shown: string | undefined): ExportView {
  const [open, setOpen] = useState<ExportView['open']>();
  const show = () => setOpen({ container: shown });
  useKeys({ e: show });
  useEffect(() => {
    addEventListener(ASKED, show);
    return () => removeEventListener(ASKED, show);
  }, [shown]);
  return { open, close: () => setOpen(undefined) };
}
