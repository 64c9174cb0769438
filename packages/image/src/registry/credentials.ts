import { readFile } from 'node:fs/promises';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { errnoOf, ImageError } from '../error.ts';

/** What a user is known by at a registry. Never logged, never part of an error. */
export type Credentials =
  | { username: string; password: string }
  /** A refresh token that the registry’s token service takes in exchange (docker’s `identitytoken`). */
  | { identityToken: string };

/** Gives the credentials for a registry (`docker.io`, `ghcr.io`, `127.0.0.1:5000`), or none. */
export type CredentialSource = (domain: string) => Promise<Credentials | undefined>;

/**
 * The credentials that `docker login` left in config.json under `auths`. The file is read anew each time; one that is
 * missing has none. Throws ImageError `bad-credentials` for a file that can’t be read.
 */
export function dockerCredentials(env: NodeJS.ProcessEnv = process.env): CredentialSource {
  return async (domain) => {
    const path = join(env.DOCKER_CONFIG || join(env.HOME || homedir(), '.docker'), 'config.json');
    const auths = await readAuths(path);
    const entry = keysFor(domain)
      .map((key) => auths[key])
      .find((found) => found !== undefined);
    return entry === undefined ? undefined : decode(entry);
  };
}

type AuthEntry = { auth?: unknown; username?: unknown; password?: unknown; identitytoken?: unknown };

async function readAuths(path: string): Promise<Record<string, AuthEntry>> {
  let text: string;
  try {
    text = await readFile(path, 'utf8');
  } catch (error) {
    const errno = errnoOf(error);
    if (errno === 'ENOENT' || errno === 'ENOTDIR') return {};
    throw new ImageError('bad-credentials', `${path} can’t be read (${errno}); check who owns it`, {
      cause: error,
    });
  }
  try {
    return (JSON.parse(text) as { auths?: Record<string, AuthEntry> } | null)?.auths ?? {};
  } catch {
    // The parser's message would quote the file: it holds passwords.
    throw new ImageError('bad-credentials', `${path} is not JSON; mend it or run docker login again`);
  }
}

// docker login writes the host alone, older ones a URL; Docker Hub has a key of its own.
function keysFor(domain: string): string[] {
  const hosts = domain === 'docker.io' ? ['index.docker.io', 'docker.io', 'registry-1.docker.io'] : [domain];
  return hosts.flatMap((host) => [
    host,
    `https://${host}`,
    `https://${host}/`,
    `https://${host}/v1/`,
    `https://${host}/v2/`,
    `http://${host}`,
    `http://${host}/`,
  ]);
}

function decode(entry: AuthEntry): Credentials | undefined {
  if (typeof entry.identitytoken === 'string' && entry.identitytoken !== '')
    return { identityToken: entry.identitytoken };
  if (typeof entry.username === 'string' && typeof entry.password === 'string')
    return { username: entry.username, password: entry.password };
  if (typeof entry.auth !== 'string' || entry.auth === '') return undefined;
  const text = Buffer.from(entry.auth, 'base64').toString('utf8').replace(/\0+$/, '');
  const colon = text.indexOf(':');
  if (colon < 0) return undefined;
  return { username: text.slice(0, colon), password: text.slice(colon + 1) };
}
