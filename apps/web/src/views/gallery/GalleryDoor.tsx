import { useGallery } from './useGallery.ts';

/** The way to the recorded runs that came with the page, a button or in a sentence’s words; nothing where there are none. */
export function GalleryDoor({ words, onGo }: { words?: string; onGo?: () => void }) {
  const gallery = useGallery();
  if (!gallery || gallery === 'reading') return null;
  return (
    // biome-ignore lint/a11y/useValidAnchor: it leads there; what lies over the page is only closed on the way
    <a className={words === undefined ? 'button quiet' : ''} href="./#gallery" onClick={onGo}>
      {words ?? 'Gallery'}
    </a>
  );
}
