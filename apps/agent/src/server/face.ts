import { isIP } from 'node:net';
import { hostname } from 'node:os';
import { AgentError } from '../error.ts';

/** How the agent is reached from outside. */
export interface FaceOptions {
  /** The address that it listens on. */
  host: string;
  /** The URL that browsers use when a reverse proxy stands in front. */
  publicUrl?: string | undefined;
  /** Further names that may stand in Host and Origin: `name`, `name:port`, `*.domain`. */
  allowHosts?: string[];
}

/** Which Host and Origin headers are ours: keeps foreign pages from reaching the agent through a browser. */
export interface Face {
  /** The path below which browsers see the agent: begins and ends with a slash. */
  readonly basePath: string;
  /** CSP sources of pages that may hold this one in an iframe. */
  readonly frameAncestors: string[];
  /** False for a name that is not ours: a foreign name that was pointed at this address (DNS rebinding). */
  hostAllowed(host: string | undefined): boolean;
  /** False for a page of another site. Programs other than browsers send no Origin and are asked for the token alone. */
  originAllowed(origin: string | undefined, host: string | undefined): boolean;
  /** The request's path without the public prefix, whether the proxy has cut it off or not. */
  stripPrefix(url: string): string;
}

interface Authority {
  name: string;
  /** Empty for the scheme's own port. */
  port: string;
}

/** Throws AgentError `bad-public-url` or `bad-allow-host`. */
export function createFace(options: FaceOptions): Face {
  const publicUrl = options.publicUrl === undefined ? undefined : parsePublicUrl(options.publicUrl);
  const allowed = (options.allowHosts ?? []).map(parseAllowHost);
  const basePath = publicUrl ? publicUrl.pathname.replace(/\/*$/, '/') : '/';
  const matches = (found: Authority) => allowed.some((one) => one.matches(found));
  const local = (name: string) => isLocal(name, options.host);
  return {
    basePath,
    frameAncestors: [...(publicUrl ? [publicUrl.origin] : []), ...(options.allowHosts ?? [])],
    hostAllowed(host) {
      const found = parseAuthority(host);
      // Proxies often pass the name without its port, so for Host only names count.
      return (
        found !== undefined && (local(found.name) || found.name === publicUrl?.hostname || matches(found))
      );
    },
    originAllowed(origin, host) {
      if (origin === undefined) return true;
      if (!/^https?:\/\/[^/]+$/i.test(origin) || !URL.canParse(origin)) return false;
      const url = new URL(origin);
      const found = { name: url.hostname, port: url.port };
      const asked = parseAuthority(host);
      const same = asked?.name === found.name && asked.port === found.port && local(found.name);
      return same || url.origin === publicUrl?.origin || matches(found);
    },
    stripPrefix(url) {
      if (basePath === '/' || !url.startsWith(basePath)) return url;
      return url.slice(basePath.length - 1);
    },
  };
}

function isLocal(name: string, listensOn: string): boolean {
  const bare = name.replace(/^\[|\]$/g, '');
  if (bare === 'localhost' || bare.endsWith('.localhost') || bare === '::1') return true;
  if (isIP(bare) === 4 && bare.startsWith('127.')) return true;
  if (isLoopback(listensOn)) return false;
  // Rebinding needs a name that the attacker owns: neither an address nor this machine's own name is one.
  return isIP(bare) !== 0 || bare === hostname().toLowerCase() || bare === listensOn.toLowerCase();
}

/** Whether an address to listen on can be reached from this machine alone. */
export function isLoopback(host: string): boolean {
  return host === 'localhost' || host === '::1' || (isIP(host) === 4 && host.startsWith('127.'));
}

function parseAuthority(text: string | undefined): Authority | undefined {
  if (!text || !/^[^\s/?#@\\]+$/.test(text) || !URL.canParse(`http://${text}`)) return undefined;
  const url = new URL(`http://${text}`);
  return { name: url.hostname, port: url.port };
}

function parsePublicUrl(text: string): URL {
  const url = URL.canParse(text) ? new URL(text) : undefined;
  if (url && /^https?:$/.test(url.protocol) && !url.search && !url.hash && !url.username) return url;
  throw new AgentError('bad-public-url', `--public-url ${text} is no http or https URL without query`, {
    remedy: 'give the address that browsers use, such as https://lab.example/u/42/',
    exitCode: 1,
  });
}

function parseAllowHost(text: string): { matches(found: Authority): boolean } {
  const wildcard = text.startsWith('*.');
  const wanted = parseAuthority(wildcard ? text.slice(2) : text);
  if (!wanted || text.includes(';') || text.includes(',') || wanted.name.includes('*')) {
    throw new AgentError('bad-allow-host', `--allow-host ${text} is no host name`, {
      remedy: 'give a name, a name with a port, or *.domain: lab.example, lab.example:8443, *.lab.example',
      exitCode: 1,
    });
  }
  return {
    matches: (found) =>
      (wildcard ? found.name.endsWith(`.${wanted.name}`) : found.name === wanted.name) &&
      (wanted.port === '' || wanted.port === found.port),
  };
}
