import { createHash } from 'node:crypto';
import { existsSync, readFileSync } from 'node:fs';
import { request } from 'node:http';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { AgentError } from '../error.ts';

/** A place where a Docker engine of this host may answer, and why it was thought of. */
export interface EnginePlace {
  socket: string;
  /** `DOCKER_HOST`, `the docker context NAME`, `the usual socket` …: in words, for messages. */
  from: string;
}

/** What an engine says of itself (`GET /version` of the Docker Engine API). */
export interface EngineVersion {
  version: string;
  apiVersion: string;
  minApiVersion?: string;
  /** Versions of what it commands, by name: `containerd`, `runc`. */
  components: Record<string, string>;
}

/** A place that was asked: `version` when an engine answered, else `why` not. */
export interface FoundEngine extends EnginePlace {
  version?: EngineVersion;
  why?: string;
}

type Env = Record<string, string | undefined>;
const ASK_MS = 2000;
const MOST_BYTES = 1_000_000;

/**
 * Where Docker's own client would look for an engine, first choice first (docker's cli/command/cli.go): DOCKER_HOST, else the
 * context, else the usual socket; then a rootless engine's and Docker Desktop's. Engines of other machines are left out, since
 * nothing could be watched there: `elsewhere` names the first.
 */
export function enginePlaces(env: Env): { places: EnginePlace[]; elsewhere?: string } {
  const named = env.DOCKER_HOST ? { host: env.DOCKER_HOST, from: 'DOCKER_HOST' } : contextHost(env);
  if (named && !named.host.startsWith('unix://')) return { places: [], elsewhere: named.host };
  if (named) return { places: [{ socket: named.host.slice('unix://'.length), from: named.from }] };
  const home = env.HOME || homedir();
  const runtime = env.XDG_RUNTIME_DIR || `/run/user/${process.geteuid?.() ?? 0}`;
  return {
    places: [
      { socket: '/var/run/docker.sock', from: 'the usual socket' },
      { socket: join(runtime, 'docker.sock'), from: 'a rootless engine’s socket' },
      { socket: join(home, '.docker/run/docker.sock'), from: 'Docker Desktop’s socket' },
    ],
  };
}

/** The host that the chosen docker context names; undefined for the default one. Unreadable files count as absent. */
function contextHost(env: Env): { host: string; from: string } | undefined {
  const folder = env.DOCKER_CONFIG || join(env.HOME || homedir(), '.docker');
  const name = env.DOCKER_CONTEXT || field(join(folder, 'config.json'), 'currentContext');
  if (typeof name !== 'string' || name === '' || name === 'default') return undefined;
  const id = createHash('sha256').update(name).digest('hex');
  const endpoints = field(join(folder, 'contexts/meta', id, 'meta.json'), 'Endpoints') as
    | { docker?: { Host?: unknown } }
    | undefined;
  const host = endpoints?.docker?.Host;
  return typeof host === 'string' ? { host, from: `the docker context ${name}` } : undefined;
}

function field(file: string, name: string): unknown {
  try {
    return (JSON.parse(readFileSync(file, 'utf8')) as Record<string, unknown>)[name];
  } catch {
    return undefined;
  }
}

/** Asks every place that exists, each engine once. Never rejects: what does not answer says why. */
export async function findEngines(
  env: Env,
  places: readonly EnginePlace[] = enginePlaces(env).places.filter(({ socket }) => existsSync(socket)),
): Promise<FoundEngine[]> {
  return Promise.all(places.map(look));
}

async function look(place: EnginePlace): Promise<FoundEngine> {
  try {
    return { ...place, version: await askVersion(place.socket) };
  } catch (error) {
    return { ...place, why: (error as Error).message };
  }
}

/** The engine that Docker's own client would take. Rejects with AgentError `no-engine` that says what was tried. */
export async function findHostEngine(env: Env): Promise<FoundEngine & { version: EngineVersion }> {
  const { places, elsewhere } = enginePlaces(env);
  if (elsewhere) {
    throw new AgentError('no-engine', `the docker engine at ${elsewhere} is not on this machine`, {
      remedy:
        'underdock shows what happens on the machine that it runs on: run it there, or unset DOCKER_HOST',
    });
  }
  const found = await findEngines(env);
  const answering = found.find(isAnswering);
  if (answering) return answering;
  const silent = found.map(({ socket, why }) => `${socket}: ${why}`).join('; ');
  const tried = silent || `there is no ${places.map(({ socket }) => socket).join(', ')}`;
  throw new AgentError('no-engine', `no docker engine of this host answers (${tried})`, {
    remedy:
      'start it (systemctl start docker), let underdock start one with --engine private, or take --via embedded',
  });
}

function isAnswering(found: FoundEngine): found is FoundEngine & { version: EngineVersion } {
  return found.version !== undefined;
}

/** Asks the engine at a socket for its version. Rejects with AgentError `engine-unreachable`. */
export async function askVersion(socket: string, timeoutMs = ASK_MS): Promise<EngineVersion> {
  let text: string;
  try {
    text = await get(socket, '/version', timeoutMs);
  } catch (cause) {
    throw unreachable(socket, cause as NodeJS.ErrnoException);
  }
  try {
    return versionOf(JSON.parse(text) as VersionAnswer);
  } catch (cause) {
    throw new AgentError('engine-unreachable', `what answers at ${socket} is no docker engine`, {
      cause,
      remedy: 'give the socket of dockerd with --socket',
    });
  }
}

/** What a failing connection to an engine's socket means, and what to do. */
export function unreachable(socket: string, cause: NodeJS.ErrnoException): AgentError {
  const { code } = cause;
  const [why, remedy] =
    code === 'EACCES' || code === 'EPERM'
      ? ['this user may not', 'join the group: usermod -aG docker USER, then log in again']
      : code === 'ENOENT'
        ? ['there is no such socket', 'start the engine: systemctl start docker; or choose --engine private']
        : code === 'ECONNREFUSED'
          ? ['nothing listens there', 'start the engine: systemctl start docker; or choose --engine private']
          : [cause.message, 'look at the engine’s log: journalctl -u docker'];
  return new AgentError('engine-unreachable', `the docker engine at ${socket} can’t be asked: ${why}`, {
    cause,
    remedy,
  });
}

interface VersionAnswer {
  Version: string;
  ApiVersion: string;
  MinAPIVersion?: string;
  Components?: { Name: string; Version: string }[];
}

function versionOf({ Version, ApiVersion, MinAPIVersion, Components = [] }: VersionAnswer): EngineVersion {
  if (typeof Version !== 'string' || typeof ApiVersion !== 'string') throw new Error('no version');
  const components = Components.filter(({ Name }) => Name !== 'Engine').map(
    ({ Name, Version }) => [Name, Version] as const,
  );
  return {
    version: Version,
    apiVersion: ApiVersion,
    ...(MinAPIVersion ? { minApiVersion: MinAPIVersion } : {}),
    components: Object.fromEntries(components),
  };
}

function get(socketPath: string, path: string, timeoutMs: number): Promise<string> {
  return new Promise((resolve, reject) => {
    const signal = AbortSignal.timeout(timeoutMs);
    const late = () => new Error(`it has not answered for ${timeoutMs / 1000} s`);
    const asked = request({ socketPath, path, signal, headers: { Host: 'docker' } }, (response) => {
      let text = '';
      response.setEncoding('utf8');
      response.on('data', (piece: string) => {
        text += piece;
        if (text.length > MOST_BYTES) response.destroy(new Error('its answer is too long'));
      });
      response.on('error', (error) => reject(signal.aborted ? late() : error));
      response.on('end', () =>
        response.statusCode === 200 ? resolve(text) : reject(new Error(`it answers ${response.statusCode}`)),
      );
    });
    asked.on('error', (error) => reject(signal.aborted ? late() : error));
    asked.end();
  });
}
