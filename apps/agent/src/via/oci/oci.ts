import type { PreparedConfigAnswer, RunRequest } from '@underdock/trace';
import { generateName } from '../embedded/containerName.ts';
import type { EngineParts } from '../embedded/containerParts.ts';
import { checkRequest, nameTaken } from '../embedded/embedded.ts';
import { runContainer } from '../embedded/engine.ts';
import { imageBundle, type MakeBundle } from '../embedded/imageBundle.ts';
import { readJournals } from '../embedded/journal.ts';
import type { Via, ViaContext } from '../via.ts';
import { atKeyboard } from './atKeyboard.ts';
import { checkBundle, folderBundle } from './bundleFolder.ts';
import { checkEdited, checkedBundle, type EditFreedom, editedBundle } from './editedConfig.ts';
import { runtimeOrders } from './orders.ts';
import { prepareConfig } from './prepareConfig.ts';
import { ociScript } from './script.ts';
import { spokenRuntimes } from './spokenRuntime.ts';

/** The way in without an engine and without a high-level runtime: an OCI runtime on a bundle, as one types it. */
export interface OciVia extends Via {
  /** config.json as it would be for this request, and what is wrong with `text` in its place. */
  prepare(
    request: RunRequest,
    allowedMounts: readonly string[],
    text?: string,
  ): Promise<PreparedConfigAnswer>;
}

/** What this way in is made with. */
export interface OciOptions {
  stateDir: string;
  parts: EngineParts;
  /** Anybody who may run anything may run any config.json: as root that is as much as being root. */
  allowConfig?: boolean;
  /** Full names of capabilities that an edit may give although they reach the host; ALL = any. */
  allowedCapabilities?: readonly string[];
}

/** `stateDir` is locked by whoever made `parts`. */
export function createOciVia(options: OciOptions): OciVia {
  const { stateDir, parts, allowConfig = false, allowedCapabilities = [] } = options;
  const { root } = parts.host;
  const runtimes = spokenRuntimes(parts.runtimes, (work, runtime) => ociScript(work, runtime, root));
  const own: EngineParts = { ...parts, runtimes, recovered: [] };
  const live = new Set<string>();
  const taken = (name: string) =>
    live.has(name) ||
    readJournals(stateDir).some(({ entry }) => entry?.name === name && entry.state === 'kept');
  const isFree = (allowedMounts: readonly string[]) => allowConfig || allowedMounts.includes('/');
  // Without root a container has no more than its user, whatever it is called.
  const capabilities = root ? allowedCapabilities : ['ALL'];
  const freedom = (allowedMounts: readonly string[]) => ({
    isFree: isFree(allowedMounts),
    allowedCapabilities: capabilities,
  });
  return {
    name: 'oci',
    async check(request, allowedMounts) {
      if (request.name !== undefined && taken(request.name)) throw nameTaken(request.name);
      await checkRequest(request, allowedMounts, own);
      if (request.bundle !== undefined) await checkBundle(request, allowedMounts, isFree(allowedMounts));
      else if (request.config !== undefined) checkEdited(request.config);
    },
    run(request, context) {
      const name = request.name ?? generateName(taken);
      live.add(name);
      const tell = atKeyboard(context.tell, context.clientSpan);
      const bundle = bundleFor(request, freedom(context.allowedMounts));
      const orders = (current: Parameters<typeof runtimeOrders>[0]) => runtimeOrders(current, parts.host);
      const learnEnv = learningAlsoJson(context);
      learnEnv(request.env);
      const run = runContainer(own, request, name, { ...context, tell, learnEnv }, { bundle, orders });
      void run.done.finally(() => live.delete(name));
      return run;
    },
    prepare: (request, allowedMounts, text) =>
      prepareConfig({ request, allowedMounts, parts: own, freedom: freedom(allowedMounts) }, text),
  };
}

/** The script of a run holds config.json as text: there a value with a quote or a break in it is written otherwise. */
function learningAlsoJson({ learnEnv }: ViaContext): (env: readonly string[]) => void {
  const inJson = (entry: string) => JSON.stringify(entry).slice(1, -1);
  return (env) => learnEnv?.([...env, ...env.map(inJson).filter((entry) => !env.includes(entry))]);
}

function bundleFor(request: RunRequest, freedom: EditFreedom): MakeBundle {
  if (request.bundle !== undefined) return folderBundle(request.bundle);
  const { config } = request;
  return checkedBundle(config === undefined ? imageBundle() : editedBundle(config, freedom));
}
