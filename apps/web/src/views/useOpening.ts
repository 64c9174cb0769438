import { useCallback, useEffect, useState } from 'react';
import { localFile } from '../source/traceFile.ts';
import { usePage } from './page.ts';
import { useRunAddress } from './useRunAddress.ts';

/** Opens a file of the reader's own disk as a recorded trace and shows it. */
export function useOpening(): (file: File) => void {
  const { link } = usePage();
  const [, show] = useRunAddress();
  return useCallback((file: File) => show(link.open(localFile(file))), [link, show]);
}

/** Takes files that are dropped anywhere on the page. True while one is held over it. */
export function useDrop(): boolean {
  const open = useOpening();
  const [over, setOver] = useState(false);
  useEffect(() => {
    const holds = (event: DragEvent) => event.dataTransfer?.types.includes('Files') === true;
    const onOver = (event: DragEvent) => {
      if (!holds(event)) return;
      event.preventDefault();
      setOver(true);
    };
    const onLeave = (event: DragEvent) => event.relatedTarget === null && setOver(false);
    const onDrop = (event: DragEvent) => {
      if (!holds(event)) return;
      // Without this the browser would leave the page for the file.
      event.preventDefault();
      setOver(false);
      const file = event.dataTransfer?.files[0];
      if (file) open(file);
    };
    addEventListener('dragover', onOver);
    addEventListener('dragleave', onLeave);
    addEventListener('drop', onDrop);
    return () => {
      removeEventListener('dragover', onOver);
      removeEventListener('dragleave', onLeave);
      removeEventListener('drop', onDrop);
    };
  }, [open]);
  return over;
}
