import { type ComponentProps, lazy, Suspense } from 'react';
import { EmptyPage } from '../EmptyPage.tsx';
import { OpenButton } from '../OpenButton.tsx';
import { useLink } from '../page.ts';
import { useAtGallery, useGallery } from './useGallery.ts';

const GalleryPage = lazy(() => import('./GalleryPage.tsx'));

/** What is shown while nothing is: with an agent how to begin, without one its gallery, if one lies beside the page. */
export function FirstPage(props: ComponentProps<typeof EmptyPage>) {
  const isAlone = useLink().state === 'none';
  const isAsked = useAtGallery();
  return isAlone || isAsked ? <Recorded {...props} isAlone={isAlone} /> : <EmptyPage {...props} />;
}

function Recorded({ isAlone, ...props }: ComponentProps<typeof EmptyPage> & { isAlone: boolean }) {
  const gallery = useGallery();
  if (gallery === 'reading') return <main className="gallery" id="main" tabIndex={-1} aria-busy="true" />;
  if (!gallery || gallery.entries.length === 0) return <EmptyPage {...props} />;
  return (
    <Suspense fallback={<main className="gallery" id="main" tabIndex={-1} aria-busy="true" />}>
      <GalleryPage gallery={gallery} more={isAlone ? <ReadHere /> : <RunHere />} />
    </Suspense>
  );
}

function ReadHere() {
  return (
    <p className="quiet-text">
      A trace of your own opens with the button above, or is dropped anywhere on this page: it is read here
      and sent nowhere.
    </p>
  );
}

function RunHere() {
  return (
    <>
      <a className="button primary" href="./">
        Run one here
      </a>
      <OpenButton />
    </>
  );
}
