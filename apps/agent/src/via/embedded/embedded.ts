import type { RunRequest } from '@underdock/trace';
import { checkRuntimePath } from '../runtimePath.ts';
import type { Via } from '../via.ts';
import { mergeCapabilities } from './bundle/capabilities.ts';
import { parseNetwork } from './bundle/network.ts';
import { Origins } from './bundle/provenance.ts';
import { buildResources } from './bundle/resources.ts';
import { userMounts } from './bundle/volumes.ts';
import { generateName } from './containerName.ts';
import type { EngineParts } from './containerParts.ts';
import { runContainer } from './engine.ts';
import { EmbeddedError } from './error.ts';
import { readJournals } from './journal.ts';

/** The way in where underdock itself is engine and high-level runtime. `stateDir` is locked by the caller. */
export function createEmbedded(stateDir: string, parts: EngineParts): Via {
  const live = new Set<string>();
  const untold = [...(parts.recovered ?? [])];
  const taken = (name: string) =>
    live.has(name) ||
    readJournals(stateDir).some(({ entry }) => entry?.name === name && entry.state === 'kept');
  return {
    name: 'embedded',
    async check(request, allowedMounts) {
      if (request.name !== undefined && taken(request.name)) throw nameTaken(request.name);
      await checkRequest(request, allowedMounts, parts);
    },
    run(request, context) {
      const name = request.name ?? generateName(taken);
      live.add(name);
      for (const { container, state, actions } of untold.splice(0)) {
        context.tell.log(
          'engine/recovered',
          { id: container, state, actions },
          { cause: [context.clientSpan] },
        );
      }
      const run = runContainer(parts, request, name, context);
      void run.done.finally(() => live.delete(name));
      return run;
    },
  };
}

/** Rejects for what can be known of a request before anything is made: its runtime and its flags. */
export async function checkRequest(
  request: RunRequest,
  allowedMounts: readonly string[],
  parts: EngineParts,
): Promise<void> {
  refuseWhatIsNotOurs(request);
  await checkRuntimePath(request.runtime, parts.allowedRuntimes ?? [], allowedMounts);
  await parts.runtimes.choose(request.runtime);
  await checkFlags(request, allowedMounts, parts);
}

/** Flags that belong to other ways in must not be passed over in silence. */
function refuseWhatIsNotOurs({ publish, engine, socket }: RunRequest): void {
  if (publish.length > 0) {
    throw new EmbeddedError(
      'no-published-ports',
      `without an engine that keeps networks the port ${publish[0]} can't be published`,
      {
        remedy: 'use --network host: the container’s ports are then the host’s',
      },
    );
  }
  if (engine !== undefined || socket !== undefined) {
    const flag = engine === undefined ? `--socket ${socket}` : `--engine ${engine}`;
    throw new EmbeddedError(
      'no-such-engine',
      `${flag} chooses a host's engine, and this way does without one`,
      {
        remedy: 'leave the flag out',
      },
    );
  }
}

/** What the flags alone can be wrong about: throws what building the configuration would throw later. */
async function checkFlags(
  request: RunRequest,
  allowedMounts: readonly string[],
  parts: EngineParts,
): Promise<void> {
  parseNetwork(request.network);
  mergeCapabilities(request.capAdd, request.capDrop);
  buildResources(request, parts.host, new Origins());
  await userMounts(request, allowedMounts);
}

/** Says that a container has this name already. */
export function nameTaken(name: string): EmbeddedError {
  return new EmbeddedError('name-taken', `there is a container named ${name} already`, {
    remedy: 'remove it, or choose another name with --name',
  });
}
