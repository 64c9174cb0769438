import { ImageError } from '../error.ts';
import { readBody } from './body.ts';
import { type Challenge, parseChallenges } from './challenge.ts';
import type { Credentials } from './credentials.ts';
import { exchange, type Journey } from './exchange.ts';
import { faultOf } from './faults.ts';
import { mayBePlain } from './hosts.ts';
import { tried } from './retry.ts';

const MOST_TOKEN_BYTES = 256 * 1024;

/** Answers a registry’s challenges and remembers what worked, for one registry. */
export class Authenticator {
  readonly #domain: string;
  readonly #headers = new Map<string, string>();
  constructor(domain: string) {
    this.#domain = domain;
  }

  /** The Authorization header to send for a scope (`repository:library/nginx:pull`), if one is known. */
  header(scope: string): string | undefined {
    return this.#headers.get(scope);
  }

  /**
   * Answers a 401: a token from the realm that it names (distribution’s token flow), or Basic. Throws ImageError
   * `denied` where credentials are wanted and none are there, `insecure` where they would go over plain HTTP.
   */
  async answer(header: string | null, scope: string, url: string, journey: Journey): Promise<void> {
    const challenges = parseChallenges(header ?? '');
    const bearer = challenges.find(({ scheme }) => scheme === 'bearer');
    const basic = challenges.find(({ scheme }) => scheme === 'basic');
    this.#headers.delete(scope);
    if (bearer) this.#headers.set(scope, `Bearer ${await this.#token(bearer, scope, url, journey)}`);
    else if (basic) this.#headers.set(scope, await this.#basic(url, journey));
    else
      throw new ImageError(
        'denied',
        `${this.#domain} wants a log-in that it doesn’t describe (no Bearer or Basic challenge); check that it is an image registry`,
        { url, status: 401 },
      );
  }

  async #basic(url: string, journey: Journey): Promise<string> {
    const credentials = await journey.settings.credentials(this.#domain);
    if (!credentials || !('username' in credentials))
      throw new ImageError(
        'denied',
        `${this.#domain} wants a user and a password; log in with docker login ${this.#domain}`,
        { url, status: 401 },
      );
    return basicHeader(credentials);
  }

  async #token(challenge: Challenge, scope: string, url: string, journey: Journey): Promise<string> {
    const realm = this.#realm(challenge, url, journey);
    const credentials = await journey.settings.credentials(this.#domain);
    const request = tokenRequest(realm, challenge.parameters, scope, credentials);
    const { settings, signal } = journey;
    return tried(settings, signal, async () => {
      const answer = await exchange({ ...request, purpose: 'token' }, journey);
      if (answer.status !== 200) throw await faultOf(answer, 'access token for this image', this.#domain);
      const bytes = await readBody(answer, MOST_TOKEN_BYTES, 'the token');
      return readToken(bytes, answer.url);
    });
  }

  #realm({ parameters }: Challenge, url: string, { settings }: Journey): URL {
    const realm = parameters.realm;
    if (realm === undefined || !URL.canParse(realm))
      throw new ImageError(
        'registry-fault',
        `${this.#domain} names no address for its tokens; it is misconfigured`,
        {
          url,
          status: 401,
        },
      );
    const target = new URL(realm);
    if (target.protocol === 'https:' || (target.protocol === 'http:' && mayBePlain(target.host, settings)))
      return target;
    throw new ImageError(
      'insecure',
      `${this.#domain} wants tokens fetched from ${target.host} without TLS; allow that host as an insecure registry to do so`,
      { url, status: 401 },
    );
  }
}

function basicHeader({ username, password }: { username: string; password: string }): string {
  return `Basic ${Buffer.from(`${username}:${password}`, 'utf8').toString('base64')}`;
}

/** GET with Basic (or nothing) for a user, POST with a refresh token: distribution’s token and oauth2 documents. */
function tokenRequest(
  realm: URL,
  { service }: Record<string, string>,
  scope: string,
  credentials: Credentials | undefined,
): { method: 'GET' | 'POST'; url: string; headers: Record<string, string>; body?: string } {
  if (credentials && 'identityToken' in credentials) {
    const body = new URLSearchParams({
      grant_type: 'refresh_token',
      client_id: 'underdock',
      scope,
      refresh_token: credentials.identityToken,
      ...(service === undefined ? {} : { service }),
    }).toString();
    return {
      method: 'POST',
      url: realm.href,
      headers: { 'content-type': 'application/x-www-form-urlencoded' },
      body,
    };
  }
  if (service !== undefined) realm.searchParams.set('service', service);
  realm.searchParams.set('scope', scope);
  return {
    method: 'GET',
    url: realm.href,
    headers: credentials ? { authorization: basicHeader(credentials) } : {},
  };
}

function readToken(bytes: Uint8Array, url: string): string {
  let token: unknown;
  try {
    const json = JSON.parse(new TextDecoder().decode(bytes)) as { token?: unknown; access_token?: unknown };
    token = json.token ?? json.access_token;
  } catch {
    token = undefined;
  }
  if (typeof token === 'string' && /^[\x21-\x7e]+$/.test(token)) return token;
  throw new ImageError('registry-fault', `${url} answered without a token; the registry is misconfigured`, {
    url,
  });
}
