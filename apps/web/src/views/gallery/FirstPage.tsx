import type { ComponentProps } from 'react';
import type { EmptyPage as EmptyPageView } from '../EmptyPage.tsx';
import { later } from '../Later.tsx';
import { OpenButton } from '../OpenButton.tsx';
import { useLink } from '../page.ts';
import { useAtGallery, useGallery } from './useGallery.ts';

const EmptyPage = later(async () => (await import('../EmptyPage.tsx')).EmptyPage);
const GalleryPage = later(async () => (await import('./GalleryPage.tsx')).GalleryPage);

/** What is shown while nothing is: with an agent how to begin, without one its gallery, if one lies beside the page. */
export function FirstPage(props: ComponentProps<typeof EmptyPageView>) {
  const isAlone = useLink().state === 'none';
  const isAsked = useAtGallery();
  return isAlone || isAsked ? <Recorded {...props} isAlone={isAlone} /> : <EmptyPage {...props} />;
}

function Recorded({ isAlone, ...props }: ComponentProps<typeof EmptyPageView> & { isAlone: boolean }) {
  const gallery = useGallery();
  if (gallery === 'reading') return <main className="gallery" id="main" tabIndex={-1} aria-busy="true" />;
  if (!gallery || gallery.entries.length === 0) return <EmptyPage {...props} />;
  return <GalleryPage gallery={gallery} more={isAlone ? <ReadHere /> : <RunHere />} />;
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
