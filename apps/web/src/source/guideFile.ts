import { type Guide, MOST_GUIDE_CHARACTERS, readGuide, TraceError, writeGuide } from '@underdock/trace';
import { SourceError } from './error.ts';
import { readAt, traceAddress } from './traceFile.ts';

/** Where a browser keeps guides that are being written; closed inside some iframes. */
export type GuidePlace = Pick<Storage, 'getItem' | 'setItem' | 'removeItem'>;

const KEY = 'underdock.guide:';

/** The guide to a trace that was begun in this browser. What is no guide (any more) is none. */
export function keptGuide(trace: string, place: () => GuidePlace = () => localStorage): Guide | undefined {
  try {
    const text = place().getItem(KEY + trace);
    return text === null ? undefined : readGuide(text);
  } catch {
    return undefined;
  }
}

/** Keeps a guide in this browser, or forgets it. False where there is no room, or no storage: it then lives as long as the page. */
export function keepGuide(
  trace: string,
  guide: Guide | undefined,
  place: () => GuidePlace = () => localStorage,
): boolean {
  try {
    if (guide) place().setItem(KEY + trace, writeGuide(guide));
    else place().removeItem(KEY + trace);
    return true;
  } catch {
    return false;
  }
}

/** The guide that was put into the page itself (`underdock export --to html --guide`). */
export function containedGuide(page: Pick<Document, 'getElementById'>): Guide | undefined {
  const text = page.getElementById('underdock-guide')?.textContent.trim();
  return text ? readGuide(new TextDecoder().decode(bytesOf(text))) : undefined;
}

const bytesOf = (base64: string) => Uint8Array.from(atob(base64), (one) => one.charCodeAt(0));

/** The guide that the page's address names (`?guide=ADDRESS`); undefined = it names none. Rejects with SourceError. */
export async function givenGuide(page: URL, ask: typeof fetch = fetch): Promise<Guide | undefined> {
  const given = page.searchParams.get('guide');
  if (!given) return undefined;
  const address = traceAddress(given, page, 'guide');
  return read(await shortText(await readAt(address, 'guide', ask)));
}

/** The guide in a file of the reader's own disk. Rejects with SourceError. */
export async function localGuide(file: Pick<File, 'size' | 'text'>): Promise<Guide> {
  return read(
    file.size > MOST_GUIDE_CHARACTERS * 4 ? 'x'.repeat(MOST_GUIDE_CHARACTERS + 1) : await file.text(),
  );
}

/** Whether a file is a guide, by its name. */
export function isGuideFile({ name }: { name: string }): boolean {
  return /\.guide\.json$/i.test(name);
}

/** The text of an answer, or as much of it as shows that it is too long: servers need not say how long it is. */
async function shortText(body: ReadableStream<Uint8Array>): Promise<string> {
  const reader = body.getReader();
  const decoder = new TextDecoder();
  let text = '';
  for (let next = await reader.read(); !next.done; next = await reader.read()) {
    text += decoder.decode(next.value, { stream: true });
    if (text.length > MOST_GUIDE_CHARACTERS) {
      void reader.cancel().catch(() => {});
      return text;
    }
  }
  return text + decoder.decode();
}

function read(text: string): Guide {
  try {
    return readGuide(text);
  } catch (cause) {
    if (!(cause instanceof TraceError)) throw cause;
    throw new SourceError('problem', cause.message, {
      remedy: 'take a file that this page has written: its name ends in .guide.json',
      cause,
    });
  }
}

/**
 * Hands over guides to this trace that are dropped on the page or chosen in it, until the answer is called. Whoever opens files
 * sends them here by `dropGuide`.
 */
export function takeDropped(
  trace: string | undefined,
  take: (guide: Guide) => void,
  refuse: (problem: { message: string; remedy?: string | undefined } | undefined) => void,
): () => void {
  const taker = (file: File) => {
    refuse(undefined);
    localGuide(file)
      .then((guide) => take(made(guide, trace)))
      .catch((error: SourceError) => refuse({ message: error.message, remedy: error.remedy }));
  };
  takers.add(taker);
  return () => takers.delete(taker);
}

/** The guide, if it was made for this trace. Its places are events of that one, and mean something else in any other. */
function made(guide: Guide, trace: string | undefined): Guide {
  if (guide.trace === trace) return guide;
  throw new SourceError(
    'problem',
    `this is a guide to the trace ${guide.trace}, this is ${trace ?? 'none yet'}`,
    {
      remedy: 'open the trace that it was made for first',
    },
  );
}

const takers = new Set<(file: File) => void>();

/** Gives a file to whoever reads a trace now; false when nobody does. */
export function dropGuide(file: File): boolean {
  for (const taker of takers) taker(file);
  return takers.size > 0;
}
