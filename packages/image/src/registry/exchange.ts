import { errnoOf, ImageError } from '../error.ts';
import type { ImageAct, ImageObserver } from '../observer.ts';
import { mayBePlain } from './hosts.ts';
import type { RegistrySettings } from './settings.ts';

const MOST_REDIRECTS = 10;

/** One request and its answer’s head; the body is still to be read. */
export interface Exchange {
  method: 'GET' | 'HEAD' | 'POST';
  url: string;
  headers: Record<string, string>;
  body?: string;
  /** In a few words, for the observer: `manifest`, `layer 2`. */
  purpose: string;
}

/** What belongs to one pull and goes along with each of its requests. */
export interface Journey {
  settings: RegistrySettings;
  observer: ImageObserver;
  parent?: ImageAct;
  signal?: AbortSignal;
}

/** An answer whose body must be read to its end, or cancelled, through `chunks`. */
export interface Answer {
  status: number;
  headers: Headers;
  /** Without query. */
  url: string;
  method: string;
  /** The body piece by piece; throws ImageError `stalled` or `unreachable`, or the abort’s reason. */
  chunks(): AsyncGenerator<Uint8Array, void>;
  /** Drops the body. */
  discard(): Promise<void>;
}

/** A URL fit to be shown: without query (signatures live there), user or fragment. */
export function shownUrl(url: string): string {
  const { origin, pathname } = new URL(url);
  return origin + pathname;
}

/**
 * Sends one request and follows redirects. The Authorization header stays with its origin: another host, port or
 * scheme never sees it. Throws ImageError `unreachable`, `stalled` or `insecure`; any status is an answer.
 */
export async function exchange(request: Exchange, journey: Journey): Promise<Answer> {
  let current = request;
  for (let hops = 0; hops <= MOST_REDIRECTS; hops += 1) {
    const answer = await send(current, journey);
    const location = answer.headers.get('location');
    if (![301, 302, 303, 307, 308].includes(answer.status) || location === null) return answer;
    await answer.discard();
    current = redirected(current, location, answer, journey);
  }
  throw new ImageError(
    'registry-fault',
    `${shownUrl(request.url)} redirected more than ${MOST_REDIRECTS} times; the registry or a proxy before it is misconfigured`,
    { method: request.method, url: shownUrl(request.url) },
  );
}

function redirected(from: Exchange, location: string, answer: Answer, journey: Journey): Exchange {
  const details = { method: from.method, url: answer.url, status: answer.status };
  if (!URL.canParse(location, from.url))
    throw new ImageError(
      'registry-fault',
      `${answer.url} redirected to no URL; the registry is misconfigured`,
      details,
    );
  const target = new URL(location, from.url);
  const origin = new URL(from.url);
  const plain = target.protocol === 'http:';
  if (target.protocol !== 'https:' && !(plain && mayBePlain(target.host, journey.settings)))
    throw new ImageError(
      'insecure',
      `${answer.url} redirected to ${target.protocol}//${target.host}, which has no TLS; allow that host as an insecure registry to follow`,
      details,
    );
  const headers = { ...from.headers };
  if (target.origin !== origin.origin) delete headers.authorization;
  return { ...from, url: target.href, headers };
}

async function send(request: Exchange, journey: Journey): Promise<Answer> {
  const { settings, observer, parent, signal } = journey;
  signal?.throwIfAborted();
  const url = shownUrl(request.url);
  const act = observer.begin(
    'http-request',
    { method: request.method, url, purpose: request.purpose },
    parent,
  );
  const watch = new StallWatch(settings.stallMs, signal);
  try {
    const response = await settings.fetch(request.url, {
      method: request.method,
      headers: { 'accept-encoding': 'identity', 'user-agent': settings.userAgent, ...request.headers },
      redirect: 'manual',
      signal: watch.signal,
      ...(request.body === undefined ? {} : { body: request.body }),
    });
    return answerOf(response, request.method, url, watch, act);
  } catch (error) {
    watch.stop();
    const fault = connectionFault(error, request.method, url, watch, signal);
    act.fail(fault);
    throw fault;
  }
}

function answerOf(response: Response, method: string, url: string, watch: StallWatch, act: ImageAct): Answer {
  const { status, headers } = response;
  let ended = false;
  const end = (bytes?: number) => {
    watch.stop();
    if (!ended) act.end({ status, ...(bytes === undefined ? {} : { bytes }) });
    ended = true;
  };
  async function* chunks(): AsyncGenerator<Uint8Array, void> {
    let bytes = 0;
    try {
      if (response.body)
        for await (const chunk of response.body) {
          bytes += chunk.byteLength;
          watch.pause();
          yield chunk;
          watch.resume();
        }
    } catch (error) {
      const fault = connectionFault(error, method, url, watch, watch.given);
      act.fail(fault, { status, bytes });
      ended = true;
      throw fault;
    } finally {
      end(bytes);
    }
  }
  const discard = async () => {
    end();
    await response.body?.cancel().catch(() => {});
  };
  if (!response.body) end();
  return { status, headers, url, method, chunks, discard };
}

function connectionFault(
  error: unknown,
  method: string,
  url: string,
  watch: StallWatch,
  signal: AbortSignal | undefined,
): unknown {
  if (error instanceof ImageError) return error;
  if (signal?.aborted) return signal.reason;
  const details = { method, url, cause: error };
  if (watch.stalled)
    return new ImageError(
      'stalled',
      `nothing came from ${url} for ${watch.afterMs} ms; check the network and the registry, then try again`,
      details,
    );
  const cause = (error as { cause?: unknown }).cause;
  const why = errnoOf(cause) ?? (cause instanceof Error ? cause.message : String((error as Error).message));
  return new ImageError(
    'unreachable',
    `${url} can’t be reached or broke off (${why}); check the registry’s name, the network and any proxy`,
    details,
  );
}

/** Aborts a request on which nothing has arrived for a while; time during which the reader is busy doesn’t count. */
class StallWatch {
  readonly afterMs: number;
  readonly given: AbortSignal | undefined;
  readonly #controller = new AbortController();
  #timer: NodeJS.Timeout | undefined;
  stalled = false;
  constructor(afterMs: number, given: AbortSignal | undefined) {
    this.afterMs = afterMs;
    this.given = given;
    given?.addEventListener('abort', this.#abort, { once: true });
    this.resume();
  }
  #abort = () => this.#controller.abort(this.given?.reason);
  get signal(): AbortSignal {
    return this.#controller.signal;
  }
  pause(): void {
    clearTimeout(this.#timer);
  }
  resume(): void {
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => {
      this.stalled = true;
      this.#controller.abort();
    }, this.afterMs);
  }
  stop(): void {
    clearTimeout(this.#timer);
    this.given?.removeEventListener('abort', this.#abort);
  }
}
