import { SourceError } from './error.ts';

/** A recorded trace that nobody has opened yet. */
export interface TraceFile {
  /** What people call it: a file's name, or the last part of an address. */
  name: string;
  /** Its bytes, plain or gzip. Rejects with SourceError. */
  open(): Promise<ReadableStream<Uint8Array>>;
}

/** A file of the reader's own disk. It is read here and sent nowhere. */
export function localFile(file: Pick<File, 'name' | 'stream'>): TraceFile {
  return { name: file.name, open: async () => file.stream() };
}

/** A trace that some web server holds. `ask` is the browser's fetch. */
export function fileAt(address: URL, ask: typeof fetch = fetch): TraceFile {
  return {
    name: nameIn(address),
    open: () => readAt(address, 'trace', ask),
  };
}

/** The bytes at an address that somebody's link names; `what` is expected there. Rejects with SourceError. */
export async function readAt(
  address: URL,
  what: string,
  ask: typeof fetch,
): Promise<ReadableStream<Uint8Array>> {
  // No credentials: whoever writes a link must not be able to read with the reader's rights.
  const answer = await ask(address, { credentials: 'omit', referrerPolicy: 'no-referrer' }).catch(
    (cause: unknown) => {
      throw new SourceError('unreachable', `the ${what} at ${address.href} can’t be had`, {
        remedy:
          'see whether the address is right and whether its server allows this page to read it (CORS), or download the file and drop it here',
        cause,
      });
    },
  );
  if (answer.ok && answer.body) return answer.body;
  throw new SourceError(
    'problem',
    `there is no ${what} at ${address.href} (its server answers ${answer.status})`,
    { remedy: 'see whether the address is right' },
  );
}

function nameIn(address: URL): string {
  const last = address.pathname.split('/').at(-1) || address.host;
  try {
    return decodeURIComponent(last);
  } catch {
    // A % that begins no sign.
    return last;
  }
}

/** The trace that was put into the page itself (`underdock export --to html`), as gzip in base64; undefined where there is none. */
export function containedTrace(page: Pick<Document, 'getElementById'>): TraceFile | undefined {
  const text = page.getElementById('underdock-trace')?.textContent.trim();
  if (!text) return undefined;
  const bytes = Uint8Array.from(atob(text), (one) => one.charCodeAt(0));
  return { name: 'this page', open: async () => new Blob([bytes]).stream() };
}

/** As many traces as can be laid side by side. */
const MOST_GIVEN = 4;

/** The traces that a page's address names (`?trace=`, several times for several); what is no address becomes a file that can't be read. */
export function givenTraces(page: URL): TraceFile[] {
  return page.searchParams
    .getAll('trace')
    .filter((given) => given !== '')
    .slice(0, MOST_GIVEN)
    .map((given) => givenTrace(given, page));
}

function givenTrace(given: string, page: URL): TraceFile {
  try {
    return fileAt(traceAddress(given, page));
  } catch (error) {
    return { name: '?trace=', open: () => Promise.reject(error) };
  }
}

/**
 * The address of a trace (or what else `?what=` stands for) that a page’s own address gives. Throws SourceError for what is no address of a web page: a link must
 * not make a browser open anything else.
 */
export function traceAddress(given: string, page: URL, what = 'trace'): URL {
  const address = URL.canParse(given, page) ? new URL(given, page) : undefined;
  const isWeb = address?.protocol === 'http:' || address?.protocol === 'https:';
  // A page that lies in a folder may name what lies beside it.
  if (address && (isWeb || (page.protocol === 'file:' && address.protocol === 'file:'))) return address;
  throw new SourceError('problem', `?${what}=${given} is no address of a ${what}`, {
    remedy: 'give an address that begins with https:// or http://, or one relative to this page',
  });
}
