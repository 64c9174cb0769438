import { useGallery } from './useGallery.ts';

/** The way to the recorded runs that came with the page; nothing where there are none. */
export function GalleryDoor({ onGo }: { onGo?: () => void }) {
  const gallery = useGallery();
  if (!gallery || gallery === 'reading') return null;
  return (
    <a className="button quiet" href="./#gallery" onClick={onGo}>
      Gallery
    </a>
  );
}
