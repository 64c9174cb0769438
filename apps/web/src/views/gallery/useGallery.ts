import type { Gallery } from '@underdock/trace';
import { useEffect, useState, useSyncExternalStore } from 'react';
import { readGallery } from '../../source/gallery.ts';

const IS_ONE_FILE = import.meta.env.MODE === 'player' || location.protocol === 'file:';

let asked: Promise<Gallery | undefined> | undefined;

/** The gallery beside this page: `reading` at first, undefined where there is none. It is asked for once. */
export function useGallery(): Gallery | 'reading' | undefined {
  const [gallery, setGallery] = useState<Gallery | 'reading' | undefined>('reading');
  useEffect(() => {
    // A page that is one file has nothing beside it, wherever it lies, and asks nobody for anything.
    asked ??= IS_ONE_FILE ? Promise.resolve(undefined) : readGallery(new URL('./', document.baseURI));
    void asked.then(setGallery);
  }, []);
  return gallery;
}

/** Whether the address asks for the gallery (`#gallery`). */
export function useAtGallery(): boolean {
  return useSyncExternalStore(onChange, () => location.hash === '#gallery');
}

function onChange(listener: () => void): () => void {
  addEventListener('hashchange', listener);
  return () => removeEventListener('hashchange', listener);
}
