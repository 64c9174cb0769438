import { randomBytes } from 'node:crypto';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { PreparedConfigAnswer, RunRequest } from '@underdock/trace';
import { buildConfig } from '../embedded/bundle/config.ts';
import type { OciConfig } from '../embedded/bundle/ociConfig.ts';
import { readInRootfs } from '../embedded/bundle/rootfsFiles.ts';
import type { EngineParts } from '../embedded/containerParts.ts';
import { checkRequest } from '../embedded/embedded.ts';
import type { UnpackedImage } from '../embedded/highLevel.ts';
import { silentTell } from '../embedded/lowLevel/silentTell.ts';
import { ownMappings } from '../embedded/userNamespace.ts';
import { type ConfigFault, faultsOf } from './configFaults.ts';
import { type EditFreedom, mountedFolders, refusedEdits, shownConfig } from './editedConfig.ts';
import { prettyJson } from './prettyJson.ts';

/** For whom, and with what. */
export interface PrepareInput {
  request: RunRequest;
  allowedMounts: readonly string[];
  parts: EngineParts;
  freedom: EditFreedom;
}

/** The image is fetched and unpacked for it, if it is not there; no container comes of it. */
const PULL_MS = 120_000;
const BUNDLE = '/bundle';

/** Makes the configuration of a request and holds `text` against it. Rejects where the request itself can't be run. */
export async function prepareConfig(input: PrepareInput, text?: string): Promise<PreparedConfigAnswer> {
  await checkRequest(input.request, input.allowedMounts, input.parts);
  const { config, provenance } = await configFor(input);
  const shown = shownConfig(config, BUNDLE);
  const faults = text === undefined ? [] : await faultsIn(text, shown, input);
  return { text: `${prettyJson(shown)}\n`, provenance, faults, isFree: input.freedom.isFree };
}

async function faultsIn(text: string, shown: OciConfig, input: PrepareInput): Promise<ConfigFault[]> {
  const { faults, config } = faultsOf(text);
  if (faults.length > 0) return faults;
  const edited = config as OciConfig;
  const refused = refusedEdits(shown, edited, input.freedom);
  if (refused.length > 0 || input.freedom.isFree) return refused;
  try {
    await mountedFolders(shown, edited, input.allowedMounts);
    return [];
  } catch (error) {
    return [{ field: 'mounts', message: (error as Error).message }];
  }
}

async function configFor({ request, allowedMounts, parts }: PrepareInput) {
  const { images, host } = parts;
  const signal = AbortSignal.timeout(PULL_MS);
  const wanted = { reference: request.image, plainHttp: request.plainHttp, container: '', signal };
  const image = await images.supply(wanted, silentTell, '');
  const view = await accountsOf(image);
  try {
    const userNamespace = host.root ? {} : { userNamespace: { mappings: await ownMappings(), held: true } };
    const rootfs = `${BUNDLE}/rootfs`;
    const id = randomBytes(32).toString('hex');
    const input = { id, request, image: image.config, rootfs, rootfsView: view, bundle: BUNDLE };
    return await buildConfig({ ...input, allowedMounts, host, ...userNamespace });
  } finally {
    await rm(view, { recursive: true, force: true });
  }
}

/** The image's users and groups: the topmost layer that has the file says it, as an overlay would show it. */
async function accountsOf({ layers }: UnpackedImage): Promise<string> {
  const view = await mkdtemp(join(tmpdir(), 'underdock-accounts-'));
  await mkdir(join(view, 'etc'));
  for (const name of ['passwd', 'group']) {
    for (const layer of layers.toReversed()) {
      const text = await readInRootfs(layer, `/etc/${name}`);
      if (text === undefined) continue;
      await writeFile(join(view, 'etc', name), text);
      break;
    }
  }
  return view;
}
