import type { Socket } from 'node:net';
import { join as path } from 'node:path';

/** In the inner namespace a proxy for CONNECT listens here, on loopback. */
export const PROXY_PORT = 3128;

/** The unix sockets by which the two sides meet: paths, unlike ports, lead through network namespaces. */
export function sockets(folder: string): { inward: string; outward: string } {
  return { inward: path(folder, 'inward.sock'), outward: path(folder, 'outward.sock') };
}

const LONGEST_LINE = 1000;

/** Calls back with a connection's first line and what came with it; the connection is paused then. */
export function firstLine(socket: Socket, then: (line: string, rest: Buffer) => void): void {
  let got = Buffer.alloc(0);
  socket.on('error', () => socket.destroy());
  const take = (bytes: Buffer) => {
    got = Buffer.concat([got, bytes]);
    const end = got.indexOf(10);
    if (end < 0 && got.length > LONGEST_LINE) socket.destroy();
    if (end < 0) return;
    socket.off('data', take);
    socket.pause();
    const rest = got.subarray(end + 1);
    then(got.toString('latin1', 0, end), rest);
  };
  socket.on('data', take);
}

/** Connects two sockets with each other; each end of one is an end of the other. */
export function join(one: Socket, other: Socket): void {
  one.pipe(other).pipe(one);
  one.on('error', () => other.destroy());
  other.on('error', () => one.destroy());
  one.on('close', () => other.end());
  other.on('close', () => one.end());
}
