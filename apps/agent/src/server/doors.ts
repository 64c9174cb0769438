import { isIPv6 } from 'node:net';
import { networkInterfaces } from 'node:os';
import { isLoopback } from './face.ts';

/** Where an agent listens, and how browsers see it. */
export interface Listening {
  host: string;
  port: number;
  publicUrl?: string | undefined;
}

const EVERYWHERE = ['0.0.0.0', '::'];

/** An address that a browser on this machine can open. */
export function ownDoor({ host, port }: Listening): string {
  return urlOf(EVERYWHERE.includes(host) ? '127.0.0.1' : host, port);
}

/** The addresses at which browsers elsewhere may find the agent, the likeliest first; none where it listens on loopback alone. */
export function outsideDoors(listening: Listening, interfaces = networkInterfaces()): string[] {
  const { host, port, publicUrl } = listening;
  if (publicUrl !== undefined) return [publicUrl.replace(/\/*$/, '/')];
  if (isLoopback(host)) return [];
  if (!EVERYWHERE.includes(host)) return [urlOf(host, port)];
  const addresses = Object.values(interfaces)
    .flatMap((known) => known ?? [])
    // A link-local address has a zone, which no URL of a browser can carry (RFC 6874 was never taken up).
    .filter(({ internal, address }) => !internal && !address.toLowerCase().startsWith('fe80:'))
    .sort((a, b) => a.family.localeCompare(b.family));
  const heard = host === '::' ? addresses : addresses.filter(({ family }) => family === 'IPv4');
  return heard.map(({ address }) => urlOf(address, port));
}

function urlOf(host: string, port: number): string {
  return `http://${isIPv6(host) ? `[${host}]` : host}:${port}/`;
}
