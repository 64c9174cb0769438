import { ImageError } from '../error.ts';
import { Authenticator } from './authenticator.ts';
import { type Answer, exchange, type Journey } from './exchange.ts';
import { faultOf } from './faults.ts';
import { tried } from './retry.ts';

/** One question to a registry about a repository. */
export interface Question {
  method: 'GET' | 'HEAD';
  /** Below `/v2/<repository>/`: `manifests/latest`, `blobs/sha256:…`. */
  path: string;
  headers?: Record<string, string>;
  purpose: string;
  /** For errors: `image library/nginx:latest`. */
  what: string;
  /** Statuses beside 2xx that are answers, not faults. */
  expected?: readonly number[];
}

/** One server that speaks the OCI distribution spec: a registry or its mirror. */
export class Endpoint {
  readonly domain: string;
  readonly isMirror: boolean;
  readonly #urls: readonly string[];
  readonly #auth: Authenticator;
  readonly #scope: string;
  readonly #repository: string;
  #base: Promise<string> | undefined;

  constructor(domain: string, repository: string, urls: readonly string[], isMirror: boolean) {
    this.domain = isMirror ? new URL(urls[0] ?? '').host : domain;
    this.isMirror = isMirror;
    this.#urls = urls;
    this.#repository = repository;
    this.#auth = new Authenticator(this.domain);
    this.#scope = `repository:${repository}:pull`;
  }

  /** Asks once, after having answered a challenge if there was one. Throws ImageError for what is no success. */
  async askOnce(question: Question, journey: Journey): Promise<Answer> {
    const base = await this.#found(journey);
    const url = `${base}/v2/${this.#repository}/${question.path}`;
    let answer = await this.#send(url, question, journey);
    if (answer.status === 401) {
      const header = answer.headers.get('www-authenticate');
      await answer.discard();
      await this.#auth.answer(header, this.#scope, answer.url, journey);
      answer = await this.#send(url, question, journey);
    }
    if ((answer.status >= 200 && answer.status < 300) || question.expected?.includes(answer.status))
      return answer;
    throw await faultOf(answer, question.what, this.domain);
  }

  /** Asks, and again where that may help. */
  async ask(question: Question, journey: Journey): Promise<Answer> {
    return tried(journey.settings, journey.signal, () => this.askOnce(question, journey));
  }

  #send(url: string, { method, headers, purpose }: Question, journey: Journey): Promise<Answer> {
    const authorization = this.#auth.header(this.#scope);
    const all = { ...headers, ...(authorization === undefined ? {} : { authorization }) };
    return exchange({ method, url, headers: all, purpose }, journey);
  }

  /** The base URL that answers `/v2/`; found out once, and a challenge in the answer met at once. */
  #found(journey: Journey): Promise<string> {
    this.#base ??= tried(journey.settings, journey.signal, () => this.#ping(journey)).catch((error) => {
      this.#base = undefined;
      throw error;
    });
    return this.#base;
  }

  async #ping(journey: Journey): Promise<string> {
    let first: unknown;
    for (const base of this.#urls)
      try {
        const answer = await exchange(
          { method: 'GET', url: `${base}/v2/`, headers: {}, purpose: 'ping' },
          journey,
        );
        await answer.discard();
        if (answer.status === 401)
          await this.#auth.answer(answer.headers.get('www-authenticate'), this.#scope, answer.url, journey);
        else if (answer.status === 429 || answer.status >= 500)
          throw await faultOf(answer, 'answer', this.domain);
        else if (answer.status !== 200 && this.#urls.length > 1 && base !== this.#urls.at(-1)) continue;
        return base;
      } catch (error) {
        journey.signal?.throwIfAborted();
        if (!(error instanceof ImageError) || error.code !== 'unreachable') throw error;
        first ??= error;
      }
    throw first;
  }
}
