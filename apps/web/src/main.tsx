import { cssProperties } from '@underdock/draw';
import { lazy, StrictMode, Suspense } from 'react';
import { createRoot } from 'react-dom/client';
import { embedOptions } from './embed/embedOptions.ts';
import { takeToken } from './source/access.ts';
import { agentHttp, noAgentHttp } from './source/agentHttp.ts';
import { OpenedTraces } from './source/openedTraces.ts';
import { containedTrace, givenTraces } from './source/traceFile.ts';
import { App } from './views/App.tsx';
import { DropVeil } from './views/DropVeil.tsx';
import { PageContext } from './views/page.ts';
import './styles/base.css';
import './styles/layout.css';
import './styles/story.css';
import './styles/dive.css';
import './styles/evidence.css';
import './styles/flags.css';
import './styles/guide.css';
import './styles/compare.css';
import './styles/export.css';
import './styles/share.css';
import './styles/embed.css';
import './styles/layers.css';
import './styles/player.css';
import './styles/timeline.css';
import './styles/sheets.css';
import './styles/library.css';
import './styles/config.css';
import './styles/gallery.css';
import './styles/narrow.css';

const colors = new CSSStyleSheet();
colors.replaceSync(
  `:root { ${cssProperties('dark')} } :root[data-theme='light'] { ${cssProperties('light')} }
   @media print { :root { ${cssProperties('print')} } }`,
);
document.adoptedStyleSheets = [colors];

// The page lies in the folder of its address, whatever path a proxy put before it.
const base = new URL('./', document.baseURI);
const token = takeToken({
  href: location.href,
  storage: tabStorageOrNone(),
  replaceAddress: (href) => history.replaceState(history.state, '', href),
});
// Whoever serves a page that has an agent behind it says so; a page on any other host asks nobody for anything.
const hasAgent = document.querySelector('meta[name=underdock-agent]') !== null;
// The talk with an agent is a tenth of the page: one without any does not fetch it.
const page = hasAgent
  ? {
      link: new OpenedTraces((await import('./source/agentLink.ts')).openLink(base, token)),
      http: agentHttp(base, token),
    }
  : { link: new OpenedTraces(), http: noAgentHttp() };

const EmbedView = lazy(() => import('./views/embed/EmbedView.tsx'));
const embedded = embedOptions(new URL(location.href));
if (!embedded) openGiven();

createRoot(document.getElementById('root')!).render(
  <StrictMode>
    <PageContext value={page}>
      {embedded ? (
        <Suspense>
          <EmbedView options={embedded} />
        </Suspense>
      ) : (
        <>
          <App />
          <DropVeil />
        </>
      )}
    </PageContext>
  </StrictMode>,
);

/** The trace that lies in the page, or that its address names (`?trace=ADDRESS`), is shown at once; several are laid side by side. */
function openGiven(): void {
  const contained = containedTrace(document);
  const ids = (contained ? [contained] : givenTraces(new URL(location.href))).map((one) =>
    page.link.open(one, true),
  );
  if (hasAgent || ids.length > 0) void import('./views/RunView.tsx');
  if (ids.length === 0) return;
  // As it was written but for what it said to compare: nothing of it is put into other signs.
  const search = location.search.replace(/&compare=[^&]*/g, '');
  const compared = ids.length > 1 ? `&compare=${ids.join(',')}` : '';
  // The step and the view that a link names stay.
  const place = new URLSearchParams(location.hash.slice(1));
  place.set('run', ids[0]!);
  history.replaceState(history.state, '', `${search}${compared}#${place}`);
}

/** Inside some iframes even asking for the storage throws. */
function tabStorageOrNone(): Pick<Storage, 'getItem' | 'setItem'> {
  try {
    return sessionStorage;
  } catch {
    return { getItem: () => null, setItem: () => {} };
  }
}
