import { statSync } from 'node:fs';
import { isAbsolute } from 'node:path';
import type { RunRequest } from '@underdock/trace';
import { AgentError } from '../../error.ts';
import type { Engines } from '../docker/engines.ts';
import type { Via } from '../via.ts';
import { composeCommand } from './composeProgram.ts';
import { runCompose } from './composeRun.ts';

/** What the way in through Docker Compose is made with. */
export interface ComposeViaOptions {
  engines: Engines;
  /** `HOST:PORT` of the registry that serves the starter image. */
  starter?: () => Promise<string>;
}

/** The way in through Docker Compose, as it is installed on the host: `image` is the compose file, `command` the words after `up`. */
export function createComposeVia({ engines, starter }: ComposeViaOptions): Via {
  return {
    name: 'compose',
    relayed: true,
    async check(request, allowedMounts) {
      checkFile(request, allowedMounts);
      if (request.socket !== undefined) engines.checkSocket(request.socket, allowedMounts);
      await composeCommand();
    },
    run(request, context) {
      // Compose makes a network for each project.
      const engine = () => engines.choose({ ...request, network: 'bridge' });
      return runCompose({ engine, command: composeCommand, starter }, request, context);
    },
  };
}

function checkFile({ image: file }: RunRequest, allowedMounts: readonly string[]): void {
  // A compose file may ask for any folder of the host and any privilege.
  if (!allowedMounts.includes('/')) {
    throw new AgentError('compose-not-allowed', 'compose files can ask for anything on this host', {
      remedy: 'start underdock with --allow-mount / to allow that, or use the command line without an agent',
    });
  }
  if (isAbsolute(file) && statSync(file, { throwIfNoEntry: false })?.isFile()) return;
  throw new AgentError('no-compose-file', `there is no compose file ${file}`, {
    remedy: 'give its path: underdock run --via compose ./compose.yaml',
  });
}
