import { cssProperties } from '@underdock/draw';
import { StrictMode } from 'react';
import { createRoot } from 'react-dom/client';
import { takeToken } from './source/access.ts';
import { agentHttp } from './source/agentHttp.ts';
import { openLink } from './source/agentLink.ts';
import { App } from './views/App.tsx';
import { PageContext } from './views/page.ts';
import './styles/base.css';
import './styles/layout.css';
import './styles/story.css';
import './styles/dive.css';
import './styles/evidence.css';
import './styles/flags.css';
import './styles/layers.css';
import './styles/player.css';
import './styles/sheets.css';
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
const page = { link: openLink(base, token), http: agentHttp(base, token) };

createRoot(document.getElementById('root')!).render(
  <StrictMode>
    <PageContext value={page}>
      <App />
    </PageContext>
  </StrictMode>,
);

/** Inside some iframes even asking for the storage throws. */
function tabStorageOrNone(): Pick<Storage, 'getItem' | 'setItem'> {
  try {
    return sessionStorage;
  } catch {
    return { getItem: () => null, setItem: () => {} };
  }
}
