import { join } from 'node:path';
import type { RunRequest } from '@underdock/trace';
import { askVersion, findHostEngine } from '../../daemons/findEngine.ts';
import { type PrivateEngine, privateEngineRefusal, startPrivateEngine } from '../../daemons/privateEngine.ts';
import type { AgentError } from '../../error.ts';
import { type Engine, openDocker } from './engine.ts';

/** The engines that can be commanded from here. */
export interface Engines {
  /** The engine that a request asks for; a private one is started at the first request for it. */
  choose(request: Pick<RunRequest, 'engine' | 'socket' | 'network' | 'publish'>): Promise<Engine>;
  /** Ends private engines. Runs have to be over. */
  close(): Promise<void>;
}

type Wanted = Pick<RunRequest, 'engine' | 'socket' | 'network' | 'publish'>;
type Env = Record<string, string | undefined>;

/** Looks for engines as `env` tells docker's client to, and keeps private ones under the state folder. */
export function createEngines(stateDir: string, env: Env): Engines {
  const privates = new Map<'none' | 'bridge', Promise<PrivateEngine>>();
  const own = async (network: 'none' | 'bridge') => {
    const going =
      privates.get(network) ?? startPrivateEngine({ folder: join(stateDir, 'engine', network), network });
    privates.set(network, going);
    try {
      const engine = await going;
      return { engine, opened: await open(engine.socket, 'private', engine.pids.dockerd) };
    } catch (error) {
      privates.delete(network);
      throw error;
    }
  };
  return {
    async choose(request) {
      if (request.socket !== undefined) return open(request.socket, 'host');
      if (request.engine === 'private') return (await own(networkOf(request))).opened;
      try {
        return await open((await findHostEngine(env)).socket, 'host');
      } catch (error) {
        const there = request.engine === undefined && (error as AgentError).code === 'no-engine';
        if (!there || privateEngineRefusal()) throw error;
        return (await own(networkOf(request))).opened;
      }
    },
    async close() {
      const running = await Promise.all([...privates.values()].map((one) => one.catch(() => undefined)));
      await Promise.all(running.map((engine) => engine?.close()));
    },
  };
}

function networkOf({ network, publish }: Wanted): 'none' | 'bridge' {
  return publish.length > 0 || (network !== undefined && network !== 'none' && network !== 'host')
    ? 'bridge'
    : 'none';
}

async function open(socket: string, kind: Engine['kind'], pid?: number): Promise<Engine> {
  const version = await askVersion(socket);
  const actor = { name: 'dockerd', version: version.version, ...(pid ? { pid } : {}) };
  return { socket, kind, version, actor, docker: await openDocker(socket) };
}
