import type { RunRequest } from '@underdock/trace';
import { AgentError } from '../../error.ts';
import { generateName } from '../embedded/containerName.ts';
import { effectiveLimits } from '../embedded/limits.ts';
import type { Via } from '../via.ts';
import { runOnDocker } from './dockerRun.ts';
import type { Engines } from './engines.ts';
import { dockerMounts } from './mounts.ts';
import { parsePublish } from './ports.ts';

/** What the way in through a Docker engine is made with. */
export interface DockerViaOptions {
  stateDir: string;
  engines: Engines;
  /** `HOST:PORT` of the registry that serves the starter image. */
  starter?: () => Promise<string>;
}

/** The way in through the API of a stock Docker engine. */
export function createDockerVia({ stateDir, engines, starter }: DockerViaOptions): Via {
  return {
    name: 'docker',
    relayed: true,
    async check(request, allowedMounts) {
      if (request.socket !== undefined) engines.checkSocket(request.socket, allowedMounts);
      checkNetwork(request);
      effectiveLimits(request);
      refusePlainHttp(request);
      await dockerMounts(request, allowedMounts);
    },
    run(request, context) {
      const name = request.name ?? generateName(() => false);
      return runOnDocker(
        { engine: () => engines.choose(request), stateDir, starter, name },
        request,
        context,
      );
    },
  };
}

/** A network's name as the engine takes it; another container's network (`container:ID`) is not for whoever asks to enter. */
const NETWORK = /^[a-zA-Z0-9][a-zA-Z0-9_.-]*$/;

function checkNetwork({ network, publish }: RunRequest): void {
  parsePublish(publish);
  if (network !== undefined && !NETWORK.test(network)) {
    throw new AgentError('bad-network', `--network ${JSON.stringify(network)} is no network’s name`, {
      remedy: 'take none, bridge, host, or a network that docker network ls lists',
    });
  }
  if (publish.length > 0 && (network === 'none' || network === 'host')) {
    const why = network === 'host' ? 'its ports are the host’s anyway' : 'it can’t be reached at all';
    throw new AgentError('bad-publish', `--publish has no meaning with --network ${network}: ${why}`, {
      remedy: 'leave one of the two out',
    });
  }
}

function refusePlainHttp({ plainHttp }: RunRequest): void {
  if (!plainHttp) return;
  throw new AgentError(
    'bad-flag',
    '--plain-http can’t be passed on: the docker engine decides that by itself',
    {
      remedy:
        'name the registry under insecure-registries in the engine’s daemon.json; loopback needs nothing',
    },
  );
}
