import { type ChainState, containerOf } from '@underdock/chain';
import { useState } from 'react';
import { useKeys } from '../useKeys.ts';

/** Whether the layers on disk lie open over the page, and of which container. */
export interface DiskView {
  open: { container: string | undefined } | undefined;
  /** Absent while the trace knows of no layers. */
  show: (() => void) | undefined;
  close(): void;
}

/** Keeps what is open. The story may go on to another container meanwhile: what is open stays. */
export function useDisk(last: ChainState | undefined, shown: string | undefined): DiskView {
  const [open, setOpen] = useState<DiskView['open']>();
  const picture = last && containerOf(last, shown);
  const isThere = picture !== undefined && (picture.layers.length > 0 || picture.snapshot !== undefined);
  const show = isThere ? () => setOpen({ container: shown }) : undefined;
  useKeys({ d: () => show?.() });
  return { open, show, close: () => setOpen(undefined) };
}
