import { constants } from 'node:fs';
import { mkdir, open, realpath, stat, writeFile } from 'node:fs/promises';
import { isAbsolute, join } from 'node:path';
import type { RunRequest } from '@underdock/trace';
import type { HostAbilities } from '../embedded/bundle/host.ts';
import type { OciConfig } from '../embedded/bundle/ociConfig.ts';
import { type Absent, Origins } from '../embedded/bundle/provenance.ts';
import { buildResources } from '../embedded/bundle/resources.ts';
import { EmbeddedError } from '../embedded/error.ts';
import type { BundleGround, MadeBundle, MakeBundle } from '../embedded/imageBundle.ts';
import { faultsOf, refuseFaults } from './configFaults.ts';
import { inBundle } from './editedConfig.ts';
import { prettyJson } from './prettyJson.ts';

const MOST_BYTES = 1_000_000;

/** What a bundle's own config.json says already: flags that say the same have no place beside it. */
const SAID_BY_CONFIG: readonly (keyof RunRequest)[] = [
  'image', 'command', 'hostname', 'env', 'user', 'workdir', 'entrypoint', 'volume', 'mount', 'memory', 'cpus',
  'pidsLimit', 'network', 'readOnly', 'capAdd', 'capDrop', 'tty', 'config',
]; // biome-ignore format: a list of words reads better in rows

/**
 * Rejects for what can be known of a bundle before anything is made: it has to lie below an allowed folder, whoever asks has
 * to be allowed any configuration, and its config.json has to hold to the runtime spec.
 */
export async function checkBundle(
  request: RunRequest,
  allowedMounts: readonly string[],
  isFree: boolean,
): Promise<void> {
  const given = SAID_BY_CONFIG.find((key) => isGiven(request[key]));
  if (given !== undefined) {
    throw new EmbeddedError(
      'bad-bundle',
      `beside --bundle there is no place for ${given}: config.json says it`,
      {
        remedy: 'leave it out, or write it into the bundle’s config.json',
      },
    );
  }
  const folder = await bundleAt(request.bundle ?? '', allowedMounts);
  if (!isFree) {
    throw new EmbeddedError(
      'config-not-allowed',
      `${folder} brings a config.json of its own, which may ask for anything`,
      {
        remedy: 'start underdock with --allow-config: who may run then is root here',
      },
    );
  }
  await readBundle(folder, allowedMounts);
}

function isGiven(value: unknown): boolean {
  return Array.isArray(value) ? value.length > 0 : value !== undefined && value !== false && value !== '';
}

/** The bundle's real folder. Rejects with EmbeddedError `bad-bundle`, or `mount-not-allowed`. */
async function bundleAt(wanted: string, allowedMounts: readonly string[]): Promise<string> {
  const folder = await realpath(wanted).catch((cause) => {
    throw new EmbeddedError('bad-bundle', `there is no bundle ${wanted}`, {
      remedy: 'name a folder with config.json and a root filesystem, such as umoci unpack makes one',
      cause,
    });
  });
  await mustBeAllowed(folder, wanted, allowedMounts);
  return folder;
}

async function mustBeAllowed(
  folder: string,
  wanted: string,
  allowedMounts: readonly string[],
): Promise<void> {
  const real = await Promise.all(allowedMounts.map((one) => realpath(one).catch(() => undefined)));
  const isBelow = real.some((one) => one && (one === '/' || folder === one || folder.startsWith(`${one}/`)));
  if (isBelow) return;
  const which =
    allowedMounts.length === 0 ? 'no host folder is allowed' : `allowed are only ${allowedMounts.join(', ')}`;
  throw new EmbeddedError('mount-not-allowed', `the bundle ${wanted} may not be used, ${which}`, {
    remedy: 'start underdock with --allow-mount and a folder above it',
  });
}

/** A bundle as it was found: its configuration, and where its root filesystem really is. */
interface FoundBundle {
  config: OciConfig;
  rootfs: string;
}

async function readBundle(folder: string, allowedMounts: readonly string[]): Promise<FoundBundle> {
  const file = join(folder, 'config.json');
  const { faults, config } = faultsOf(await textOf(file));
  refuseFaults(faults, file);
  const found = config as OciConfig;
  const { path } = found.root;
  const at = isAbsolute(path) ? path : join(folder, path);
  const rootfs = await realpath(at).catch(() => undefined);
  if (rootfs === undefined || !(await stat(rootfs)).isDirectory()) {
    throw new EmbeddedError(
      'bad-bundle',
      `root.path of ${file} is ${JSON.stringify(path)}, and there is no folder ${at}`,
      {
        remedy: `put the root filesystem there, for example with umoci unpack; the spec takes root.path below the bundle, or absolute`,
      },
    );
  }
  await mustBeAllowed(rootfs, path, allowedMounts);
  return { config: found, rootfs };
}

/** Plain files alone, and never waited for. */
async function textOf(path: string): Promise<string> {
  try {
    const file = await open(path, constants.O_RDONLY | constants.O_NONBLOCK);
    try {
      const about = await file.stat();
      if (!about.isFile() || about.size > MOST_BYTES) throw new Error('it is no plain file of up to 1 MB');
      return await file.readFile('utf8');
    } finally {
      await file.close();
    }
  } catch (cause) {
    throw new EmbeddedError('bad-bundle', `can’t read ${path}: ${(cause as Error).message}`, {
      remedy: 'a bundle is a folder with a file config.json: runc spec writes one to begin with',
      cause,
    });
  }
}

/**
 * The bundle that lies in a folder of the host. Its root filesystem is used where it is; its configuration is read once,
 * checked, and written to a folder of the run's own with absolute paths, so that what was checked is what runs.
 */
export function folderBundle(wanted: string): MakeBundle {
  return async (ground, span): Promise<MadeBundle> => {
    const { tell, allowedMounts, learnEnv } = ground.context;
    const about = { cause: [span], container: ground.id };
    const check = tell.begin('client/check-config', { path: join(wanted, 'config.json') }, about);
    let found: FoundBundle;
    let folder: string;
    try {
      folder = await bundleAt(wanted, allowedMounts);
      found = await readBundle(folder, allowedMounts);
      learnEnv?.(found.config.process.env ?? []);
      check.end({ ociVersion: found.config.ociVersion, faults: [] });
    } catch (error) {
      check.fail(error);
      throw error;
    }
    const origins = new Origins();
    const config = adapted(found, folder, ground, origins);
    const own = join(ground.journal.folder, 'bundle');
    const path = join(own, 'config.json');
    const act = tell.begin('high-level/write-config', { path, ociVersion: config.ociVersion }, about);
    await mkdir(own, { recursive: true, mode: 0o700 });
    await writeFile(path, `${prettyJson(config)}\n`, { mode: 0o600 });
    act.end({ config, provenance: origins.provenance });
    for (const one of origins.absent)
      tell.log('low-level/absent', { ...one }, { ...about, cause: [act.span] });
    const { provenance, absent } = origins;
    return {
      folder: own,
      built: { config, provenance, absent, files: [], sources: [], stopSignal: 'SIGTERM' },
    };
  };
}

/** What has to differ from the bundle's own words so that it runs here, each told with the run. */
function adapted(
  { config, rootfs }: FoundBundle,
  folder: string,
  ground: BundleGround,
  origins: Origins,
): OciConfig {
  const { host, id, namespace } = ground;
  origins.add('flag', '--bundle', 'root.path', rootfs);
  const { resources: own, cgroupsPath: _theirs, ...linux } = config.linux ?? { namespaces: [] };
  const resources = limited(own, host, origins);
  const parent = host.cgroup.parent;
  if (parent !== undefined) origins.add('default', '', 'linux.cgroupsPath', `${parent}/${id}`);
  return {
    ...config,
    root: { ...config.root, path: rootfs },
    mounts: (config.mounts ?? []).map((mount) => inBundle(mount, folder)),
    linux: {
      ...(namespace ? withoutUser(linux, origins) : linux),
      ...(resources ? { resources } : {}),
      ...(parent === undefined ? {} : { cgroupsPath: `${parent === '/' ? '' : parent}/${id}` }),
    },
  };
}

type Linux = OciConfig['linux'];

/** The bundle's own limits; where it names none for memory or processes, underdock's, as on every road. */
function limited(own: Linux['resources'], host: HostAbilities, origins: Origins): Linux['resources'] {
  const missing = new Origins();
  const ours = buildResources({}, host, missing);
  if (host.cgroup.parent === undefined) {
    for (const { what, why } of missing.absent as Absent[]) origins.miss(what, why);
    return undefined;
  }
  const memory = own?.memory?.limit === undefined ? { ...ours?.memory, ...own?.memory } : own.memory;
  const pids = own?.pids ?? ours?.pids;
  if (own?.memory?.limit === undefined && ours?.memory)
    origins.add('default', '--memory', 'linux.resources.memory.limit', ours.memory.limit);
  if (!own?.pids && ours?.pids)
    origins.add('default', '--pids-limit', 'linux.resources.pids.limit', ours.pids.limit);
  return { ...own, ...(memory ? { memory } : {}), ...(pids ? { pids } : {}) };
}

/** For an ordinary user the user namespace is held around the runtime already. */
function withoutUser(linux: Omit<Linux, 'resources' | 'cgroupsPath'>, origins: Origins): Linux {
  const { uidMappings: _uids, gidMappings: _gids, namespaces = [], ...rest } = linux;
  if (namespaces.some(({ type }) => type === 'user'))
    origins.add(
      'default',
      '',
      'linux.namespaces',
      'no user namespace: underdock holds one around the runtime',
    );
  return { ...rest, namespaces: namespaces.filter(({ type }) => type !== 'user') };
}
