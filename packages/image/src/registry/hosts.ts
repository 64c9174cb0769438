import { isIP } from 'node:net';
import { ImageError } from '../error.ts';
import type { RegistrySettings } from './settings.ts';

/** Whether a host (with or without port) is this machine’s own loopback. */
export function isLoopback(host: string): boolean {
  const name = host
    .replace(/:\d+$/, '')
    .replace(/^\[|\]$/g, '')
    .toLowerCase();
  if (name === 'localhost' || name.endsWith('.localhost') || name === '::1') return true;
  return isIP(name) === 4 && name.startsWith('127.');
}

/** Whether a host may be spoken to without TLS. */
export function mayBePlain(host: string, settings: Pick<RegistrySettings, 'insecure'>): boolean {
  if (isLoopback(host) || settings.insecure === true) return true;
  return Array.isArray(settings.insecure) && settings.insecure.includes(host);
}

/** The base URLs to try for a registry, mirrors first; a host that may be plain is tried both ways. */
export function endpointsFor(
  domain: string,
  settings: Pick<RegistrySettings, 'insecure' | 'mirrors'>,
): { urls: string[]; mirror: boolean }[] {
  const host = domain === 'docker.io' ? 'registry-1.docker.io' : domain;
  const mirrors = (settings.mirrors[domain] ?? []).map((mirror) => ({
    urls: [mirrorUrl(mirror, settings)],
    mirror: true,
  }));
  const secure = `https://${host}`;
  const plain = `http://${host}`;
  // A loopback registry is nearly always plain; elsewhere TLS is tried first.
  const urls = !mayBePlain(host, settings) ? [secure] : isLoopback(host) ? [plain, secure] : [secure, plain];
  return [...mirrors, { urls, mirror: false }];
}

function mirrorUrl(mirror: string, settings: Pick<RegistrySettings, 'insecure'>): string {
  const url = URL.canParse(mirror) ? new URL(mirror) : undefined;
  if (!url || !/^https?:$/.test(url.protocol) || url.username || url.search)
    throw new ImageError(
      'insecure',
      `${JSON.stringify(mirror)} is not a mirror; write https://HOST[:PORT][/PATH]`,
    );
  if (url.protocol === 'http:' && !mayBePlain(url.host, settings))
    throw new ImageError(
      'insecure',
      `the mirror ${url.host} has no TLS; allow it as an insecure registry to use it`,
    );
  return url.href.replace(/\/$/, '');
}
