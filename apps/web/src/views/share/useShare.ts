import { useEffect, useState } from 'react';
import { useKeys } from '../useKeys.ts';

/** The button stands in the line on top, the trace lies further down: this event goes from one to the other. */
const ASKED = 'underdock:share';

/** Opens what can be shared of the run that is shown. */
export function askToShare(): void {
  dispatchEvent(new Event(ASKED));
}

/** Whether the sharing lies open over the page. */
export interface ShareView {
  open: boolean;
  close(): void;
}

/** Keeps whether it is open; the key `s` opens it too. */
export function useShare(): ShareView {
  const [open, setOpen] = useState(false);
  const show = () => setOpen(true);
  useKeys({ s: show });
  useEffect(() => {
    addEventListener(ASKED, show);
    return () => removeEventListener(ASKED, show);
  }, []);
  return { open, close: () => setOpen(false) };
}
