import { join } from 'node:path';
import type { RunRequest } from '@underdock/trace';
import { askVersion, enginePlaces, findHostEngine } from '../../daemons/findEngine.ts';
import { type PrivateEngine, privateEngineRefusal, startPrivateEngine } from '../../daemons/privateEngine.ts';
import { AgentError } from '../../error.ts';
import type { Recovered } from '../embedded/recover.ts';
import { type Engine, openDocker } from './engine.ts';
import { readEntries, removeEntry } from './journal.ts';
import { recoverContainers, removeOurs, tidyPrivateEngine } from './recoverContainers.ts';

type Wanted = Pick<RunRequest, 'engine' | 'socket' | 'network' | 'publish'>;
type Env = Record<string, string | undefined>;
type Network = 'none' | 'bridge';

/** The engines that can be commanded from here. */
export interface Engines {
  /** The engine that a request asks for; a private one is started at the first request for it. */
  choose(request: Wanted): Promise<Engine>;
  /** Throws AgentError `socket-not-allowed` for a socket that whoever asks may not name. */
  checkSocket(socket: string, allowedMounts: readonly string[]): void;
  /** Takes apart what earlier agents left in engines. */
  recover(): Promise<Recovered[]>;
  /** Removes a container that was kept, by its run's id. False when there is none. */
  removeKept(run: string): Promise<boolean>;
  /** Ends private engines. Runs have to be over. */
  close(): Promise<void>;
}

/**
 * Looks for engines as `env` tells docker's client to, and keeps private ones under the state folder. `opened` hears of each one
 * that is chosen, and a choice waits for it.
 */
export function createEngines(
  stateDir: string,
  env: Env,
  opened: (engine: Engine) => unknown = () => {},
): Engines {
  return new HostEngines(stateDir, env, opened);
}

class HostEngines implements Engines {
  #stateDir: string;
  #env: Env;
  #privates = new Map<Network, Promise<{ own: PrivateEngine; engine: Engine }>>();
  #closing = false;

  #opened: (engine: Engine) => unknown;

  constructor(stateDir: string, env: Env, opened: (engine: Engine) => unknown) {
    this.#stateDir = stateDir;
    this.#env = env;
    this.#opened = opened;
  }

  async choose(request: Wanted): Promise<Engine> {
    const engine = await this.#choose(request);
    await this.#opened(engine);
    return engine;
  }

  async #choose(request: Wanted): Promise<Engine> {
    const network = networkOf(request);
    if (request.socket !== undefined) return open(request.socket);
    if (request.engine === 'private') return this.#private(network);
    try {
      return await open((await findHostEngine(this.#env)).socket);
    } catch (error) {
      const none = request.engine === undefined && (error as AgentError).code === 'no-engine';
      if (!none || privateEngineRefusal(network)) throw error;
      return this.#private(network);
    }
  }

  checkSocket(socket: string, allowedMounts: readonly string[]): void {
    // Who may mount the host's root could reach any socket anyway.
    if (allowedMounts.includes('/')) return;
    if (enginePlaces(this.#env).places.some((place) => place.socket === socket)) return;
    throw new AgentError('socket-not-allowed', `the socket ${socket} may not be commanded from here`, {
      remedy: `start underdock with DOCKER_HOST=unix://${socket}, or leave --socket out`,
    });
  }

  recover(): Promise<Recovered[]> {
    const folders = (['none', 'bridge'] as const).map((network) => this.#folder(network));
    return recoverContainers(this.#stateDir, folders, open);
  }

  async removeKept(run: string): Promise<boolean> {
    const entry = readEntries(this.#stateDir).find((one) => one.run === run && one.state === 'kept');
    if (!entry) return false;
    const engine = entry.private ? await this.#private(entry.network ?? 'none') : await open(entry.socket);
    await removeOurs(engine, entry);
    removeEntry(this.#stateDir, run);
    return true;
  }

  async close(): Promise<void> {
    this.#closing = true;
    const running = await Promise.all([...this.#privates.values()].map((one) => one.catch(() => undefined)));
    await Promise.all(running.map((one) => one?.own.close()));
  }

  async #private(network: Network): Promise<Engine> {
    const going = this.#privates.get(network) ?? this.#start(network);
    this.#privates.set(network, going);
    try {
      return (await going).engine;
    } catch (error) {
      this.#privates.delete(network);
      throw error;
    }
  }

  async #start(network: Network): Promise<{ own: PrivateEngine; engine: Engine }> {
    const own = await startPrivateEngine({ folder: this.#folder(network), network });
    let dead: string | undefined;
    // One that has died is started anew by the next request.
    void own.ended.then(async (how) => {
      dead = how;
      if (this.#closing) return;
      await own.close();
      this.#privates.delete(network);
    });
    const { socket, pids, door } = own;
    const opened = await open(socket);
    const actor = { ...opened.actor, pid: pids.dockerd };
    const engine: Engine = { ...opened, actor, kind: 'private', network, door, death: () => dead };
    await tidyPrivateEngine(this.#stateDir, engine);
    return { own, engine };
  }

  #folder(network: Network): string {
    return join(this.#stateDir, 'engine', network);
  }
}

/** A bridge has to be somebody's: ports, and networks that are neither none nor the host's, need one. */
function networkOf({ network, publish }: Wanted): Network {
  if (publish.length > 0) return 'bridge';
  return network === undefined || network === 'none' || network === 'host' ? 'none' : 'bridge';
}

async function open(socket: string): Promise<Engine> {
  const version = await askVersion(socket);
  const actor = { name: 'dockerd', version: version.version };
  return { socket, kind: 'host', version, actor, docker: await openDocker(socket) };
}
