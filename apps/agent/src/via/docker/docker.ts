import { generateName } from '../embedded/containerName.ts';
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
      parsePublish(request.publish);
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
