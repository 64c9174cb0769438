import { useCallback, useEffect, useState } from 'react';
import { dropGuide, isGuideFile } from '../source/guideFile.ts';
import { localFile } from '../source/traceFile.ts';
import { usePage } from './page.ts';
import { useRunAddress } from './useRunAddress.ts';

/** Opens a file of the reader's own disk as a recorded trace and shows it. */
export function useOpening(): (file: File) => void {
  const { link } = usePage();
  const [, show] = useRunAddress();
  return useCallback(
    (file: File) => {
      // A guide belongs to the trace that is read now.
      if (!isGuideFile(file) || !dropGuide(file)) show(link.open(localFile(file)));
    },
    [link, show],
  );
}

type Taker = (files: readonly File[]) => void;

/** Who lies open over the page and wants what is dropped. */
let taker: Taker | undefined;

/** While this view is there, files that are dropped on the page are `take`’s, and are not opened. */
export function useTaking(take: Taker | undefined): void {
  useEffect(() => {
    taker = take;
    return () => {
      if (taker === take) taker = undefined;
    };
  }, [take]);
}

/** Takes files that are dropped anywhere on the page. While some are held over it, what will become of them. */
export function useDrop(): 'open' | 'keep' | undefined {
  const open = useOpening();
  const [over, setOver] = useState<'open' | 'keep'>();
  useEffect(() => {
    const holds = (event: DragEvent) => event.dataTransfer?.types.includes('Files') === true;
    const onOver = (event: DragEvent) => {
      if (!holds(event)) return;
      event.preventDefault();
      setOver(taker ? 'keep' : 'open');
    };
    const onLeave = (event: DragEvent) => event.relatedTarget === null && setOver(undefined);
    const onDrop = (event: DragEvent) => {
      if (!holds(event)) return;
      // Without this the browser would leave the page for the file.
      event.preventDefault();
      setOver(undefined);
      if (taker && event.dataTransfer) return taker([...event.dataTransfer.files]);
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
