import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { encodeLine, type Guide, type TraceEvent, type TraceHeader, writeGuide } from '@underdock/trace';
import { AgentError } from '../error.ts';
import { PAGE_FOLDER } from './about.ts';

/**
 * The page in one file with the trace in it, and how to tell it, in base64: no character of them can be taken for markup. Throws
 * AgentError `page-not-built`.
 */
export function pageWith(header: TraceHeader, events: readonly TraceEvent[], guide?: Guide): string {
  const packed = gzipSync([header, ...events].map(encodeLine).join(''), { level: 9 }).toString('base64');
  const trace = `<script type="application/gzip" id="underdock-trace">${packed}</script>`;
  const told = guide
    ? `<script type="application/json" id="underdock-guide">${Buffer.from(writeGuide(guide)).toString('base64')}</script>`
    : '';
  // As functions: what they give is put in as it is.
  return emptyPage()
    .replace(
      /<title>.*?<\/title>/,
      () => `<title>${escaped(guide?.title || header.title)} – underdock</title>`,
    )
    .replace('<div id="root"></div>', () => `<div id="root"></div>\n    ${trace}${told}`);
}

function emptyPage(): string {
  try {
    return readFileSync(join(PAGE_FOLDER, 'player', 'index.html'), 'utf8');
  } catch (cause) {
    throw new AgentError('page-not-built', 'the page that a trace is put into is not built yet', {
      remedy: 'build it: npm run build',
      exitCode: 1,
      cause,
    });
  }
}

function escaped(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;');
}
