import { connect } from 'node:net';
import type { Via } from '@underdock/trace';

/** The ways in that this version can take. */
export const READY_VIAS: readonly Via[] = ['embedded'];

/** Which way to take when none was named, and what to say about it. */
export interface Choice {
  via: Exclude<Via, 'watch'>;
  says: string;
}

const ASK_MS = 1000;

/** Docker if its socket answers and this version can command it, else embedded. */
export async function chooseVia(env: Record<string, string | undefined>): Promise<Choice> {
  const socket = dockerSocket(env);
  const answers = socket !== undefined && (await dockerAnswers(socket));
  if (!answers) return { via: 'embedded', says: 'via embedded: no docker answers here' };
  if (READY_VIAS.includes('docker')) return { via: 'docker', says: `via docker at ${socket}` };
  return {
    via: 'embedded',
    says: `via embedded: docker answers at ${socket}, but this version can't command it yet`,
  };
}

/** Path of Docker's socket as its own client finds it; undefined for an engine on another machine. */
export function dockerSocket(env: Record<string, string | undefined>): string | undefined {
  const host = env.DOCKER_HOST;
  if (!host) return '/var/run/docker.sock';
  return host.startsWith('unix://') ? host.slice('unix://'.length) : undefined;
}

/** Whether an engine answers `GET /_ping` on this socket (Docker Engine API). */
export function dockerAnswers(socket: string): Promise<boolean> {
  return new Promise((resolve) => {
    const connection = connect(socket);
    const answer = (yes: boolean) => {
      connection.destroy();
      resolve(yes);
    };
    connection.setTimeout(ASK_MS, () => answer(false));
    connection.on('error', () => answer(false));
    connection.on('close', () => answer(false));
    connection.once('data', (bytes) => answer(/^HTTP\/1\.\d 200 /.test(bytes.toString('latin1'))));
    connection.write('GET /_ping HTTP/1.1\r\nHost: docker\r\nConnection: close\r\n\r\n');
  });
}
