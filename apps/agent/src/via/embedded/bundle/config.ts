import type { RunRequest } from '@underdock/trace';
import { EmbeddedError } from '../error.ts';
import type { IdMappings } from '../idMappings.ts';
import { mergeCapabilities } from './capabilities.ts';
import type { HostAbilities } from './host.ts';
import type { ImageConfig } from './imageConfig.ts';
import { defaultMounts, joinMounts, MASKED_PATHS, READONLY_PATHS } from './mounts.ts';
import { type BundleFile, networkFiles, parseNetwork } from './network.ts';
import type { OciConfig, OciLinux, OciMount, OciProcess } from './ociConfig.ts';
import { buildArgs, buildCwd, buildEnv } from './process.ts';
import { type Absent, Origins, type Provenance } from './provenance.ts';
import { buildResources } from './resources.ts';
import { readInRootfs } from './rootfsFiles.ts';
import { buildSeccomp } from './seccomp.ts';
import { type ResolvedUser, resolveUser } from './user.ts';
import { validateConfig } from './validate.ts';
import { type MountSource, userMounts } from './volumes.ts';

/** What a configuration is made from. */
export interface ConfigInput {
  /** The container's full id. */
  id: string;
  request: RunRequest;
  image: ImageConfig;
  /** Absolute path of the root filesystem as the runtime will see it: becomes `root.path`. */
  rootfs: string;
  /** Where the same tree can be read from here, when that is another path (`/proc/PID/root/…`). */
  rootfsView?: string;
  /** Absolute path of the bundle's folder. */
  bundle: string;
  /** Host folders that bind mounts may come from. */
  allowedMounts: readonly string[];
  host: HostAbilities;
  /** For an ordinary user: how ids are mapped, and whether the namespace is already held open around the runtime. */
  userNamespace?: { mappings: IdMappings; held: boolean };
  /** Whether the runtime can install a seccomp filter; false leaves it out of the configuration. */
  seccomp?: boolean;
  consoleSize?: { height: number; width: number };
}

/** A configuration that was checked against the runtime spec, and the story of how it came about. */
export interface BuiltConfig {
  config: OciConfig;
  provenance: Provenance[];
  absent: Absent[];
  /** To be written before the container is made; see writeBundle. */
  files: BundleFile[];
  /** What the bind mounts have to show once they are made; see checkMountedSources. */
  sources: MountSource[];
  /** The signal that asks the process to stop: the image's StopSignal, else SIGTERM. */
  stopSignal: string;
}

function inRange(ranges: IdMappings['uid'], id: number): boolean {
  return ranges.some((range) => id >= range.containerID && id < range.containerID + range.size);
}

/** In a user namespace only mapped ids exist: other groups are left out and told, another user is an error. */
function withinMappings(user: ResolvedUser, input: ConfigInput, origins: Origins): ResolvedUser {
  const mappings = input.userNamespace?.mappings;
  if (mappings === undefined) return user;
  for (const [kind, id, ranges] of [
    ['user', user.uid, mappings.uid],
    ['group', user.gid, mappings.gid],
  ] as const) {
    if (inRange(ranges, id)) continue;
    throw new EmbeddedError('id-not-mapped', `${kind} ${id} does not exist in this user namespace`, {
      remedy:
        'use --user 0, or give your account ranges in /etc/subuid and /etc/subgid and install newuidmap (uidmap)',
    });
  }
  // Runtimes that make the user namespace themselves count as rootless and set no groups.
  const additionalGids =
    mappings.setgroups && input.userNamespace?.held
      ? user.additionalGids.filter((id) => inRange(mappings.gid, id))
      : [];
  const lost = user.additionalGids.filter((id) => id !== user.gid && !additionalGids.includes(id));
  if (lost.length > 0) {
    origins.miss(
      `additional groups ${lost.join(', ')}`,
      'not permitted: they are not mapped into the user namespace',
    );
  }
  return { ...user, additionalGids };
}

async function findUser(input: ConfigInput, origins: Origins): Promise<ResolvedUser> {
  const view = input.rootfsView ?? input.rootfs;
  const { user } = input.request;
  const wanted = user ?? input.image.User;
  const [passwd, group] = await Promise.all([
    readInRootfs(view, '/etc/passwd'),
    readInRootfs(view, '/etc/group'),
  ]);
  const found = withinMappings(resolveUser(wanted, passwd, group), input, origins);
  const from = user !== undefined ? 'flag' : wanted ? 'image' : 'default';
  origins.add(from, from === 'image' ? 'User' : '--user', 'process.user', {
    uid: found.uid,
    gid: found.gid,
    additionalGids: found.additionalGids,
  });
  return found;
}

function grantedCapabilities(input: ConfigInput, origins: Origins): string[] {
  const { capAdd, capDrop } = input.request;
  const wanted = mergeCapabilities(capAdd, capDrop);
  const granted = input.userNamespace
    ? wanted
    : wanted.filter((name) => input.host.capabilities.includes(name));
  for (const name of wanted.filter((one) => !granted.includes(one))) {
    origins.miss(name, 'underdock itself does not have this capability here, so it can’t hand it on');
  }
  const flags = [
    ...capDrop.map((name) => `--cap-drop ${name}`),
    ...capAdd.map((name) => `--cap-add ${name}`),
  ];
  origins.add(
    flags.length > 0 ? 'flag' : 'default',
    flags.join(' ') || '--cap-add',
    'process.capabilities.bounding',
    granted,
  );
  return granted;
}

function capabilitySets(granted: string[], uid: number): OciProcess['capabilities'] {
  // The kernel clears the effective set of a process that is not root (capabilities(7)); the file says so too.
  const active = uid === 0 ? granted : [];
  return { bounding: granted, effective: active, permitted: active, inheritable: [], ambient: [] };
}

async function buildProcess(
  input: ConfigInput,
  hostname: string,
  granted: string[],
  origins: Origins,
): Promise<OciProcess> {
  const { request, image, host } = input;
  const user = await findUser(input, origins);
  const args = buildArgs(request, image, origins);
  const env = buildEnv(request, image, { hostname, home: user.home, tty: request.tty }, origins);
  const nofile = Math.min(host.nofile, 1_048_576);
  if (request.tty) origins.add('flag', '--tty', 'process.terminal', true);
  origins.add('default', '--security-opt', 'process.noNewPrivileges', true);
  origins.add('default', '--ulimit', 'process.rlimits', `nofile=${nofile}`);
  return {
    terminal: request.tty,
    ...(request.tty && input.consoleSize ? { consoleSize: input.consoleSize } : {}),
    user: { uid: user.uid, gid: user.gid, additionalGids: user.additionalGids },
    args,
    env,
    cwd: buildCwd(request, image, origins),
    capabilities: capabilitySets(granted, user.uid),
    rlimits: [{ type: 'RLIMIT_NOFILE', hard: nofile, soft: nofile }],
    noNewPrivileges: true,
  };
}

function buildNamespaces(
  input: ConfigInput,
  network: 'none' | 'host',
  origins: Origins,
): OciLinux['namespaces'] {
  const types = ['pid', 'mount', 'uts', 'ipc', 'cgroup'];
  if (network === 'none') types.push('network');
  if (input.userNamespace && !input.userNamespace.held) types.push('user');
  origins.add(
    input.request.network === undefined ? 'default' : 'flag',
    '--network',
    'linux.namespaces',
    network === 'none' ? 'network' : 'the host’s network, no namespace of its own',
  );
  return types.map((type) => ({ type }));
}

function mappings(input: ConfigInput): Pick<OciLinux, 'uidMappings' | 'gidMappings'> {
  if (!input.userNamespace || input.userNamespace.held) return {};
  return { uidMappings: input.userNamespace.mappings.uid, gidMappings: input.userNamespace.mappings.gid };
}

function buildLinux(
  input: ConfigInput,
  network: 'none' | 'host',
  granted: string[],
  origins: Origins,
): OciLinux {
  const resources = buildResources(input.request, input.host, origins);
  const { parent } = input.host.cgroup;
  const seccomp = input.seccomp === false ? undefined : buildSeccomp(input.host.arch, granted);
  if (seccomp) origins.add('default', '--security-opt', 'linux.seccomp', 'underdock’s own profile');
  origins.add('default', '', 'linux.maskedPaths', MASKED_PATHS);
  origins.add('default', '', 'linux.readonlyPaths', READONLY_PATHS);
  return {
    namespaces: buildNamespaces(input, network, origins),
    ...mappings(input),
    ...(parent === undefined ? {} : { cgroupsPath: `${parent === '/' ? '' : parent}/${input.id}` }),
    ...(resources === undefined ? {} : { resources }),
    ...(seccomp === undefined ? {} : { seccomp }),
    maskedPaths: [...MASKED_PATHS],
    readonlyPaths: [...READONLY_PATHS],
  };
}

async function buildMounts(
  input: ConfigInput,
  hostname: string,
  network: 'none' | 'host',
  origins: Origins,
): Promise<{ mounts: OciMount[]; files: BundleFile[]; sources: MountSource[] }> {
  const rootless = input.userNamespace !== undefined;
  const cgroup = !rootless || input.host.cgroup.layout === 'v2';
  if (!cgroup) origins.miss('/sys/fs/cgroup', 'cgroup v1 can’t be mounted in a user namespace');
  const defaults = defaultMounts({
    userNamespace: rootless,
    ttyGroup: !input.userNamespace || inRange(input.userNamespace.mappings.gid, 5),
    ownNetwork: network === 'none',
    cgroup,
  });
  for (const one of defaults) origins.add('default', '', 'mounts', one.destination);
  const wanted = await userMounts(input.request, input.allowedMounts);
  for (const { flag, mount } of wanted) origins.add('flag', flag, 'mounts', mount.destination);
  const { files, mounts } = await networkFiles(input.bundle, hostname, network, input.request.readOnly);
  for (const one of mounts) origins.add('default', '', 'mounts', one.destination);
  const taken = new Set(wanted.map(({ mount }) => mount.destination));
  const own = mounts.filter((one) => !taken.has(one.destination));
  const sources = wanted.flatMap(({ source }) => source ?? []);
  return { files, sources, mounts: joinMounts(defaults, [...own, ...wanted.map(({ mount }) => mount)]) };
}

function nameOfHost(input: ConfigInput, network: 'none' | 'host', origins: Origins): string {
  const { hostname } = input.request;
  origins.add(
    hostname === undefined ? 'default' : 'flag',
    '--hostname',
    'hostname',
    hostname ?? input.id.slice(0, 12),
  );
  return hostname ?? (network === 'host' ? input.host.hostname : input.id.slice(0, 12));
}

/**
 * config.json (OCI runtime spec 1.0.2) for one container, as docker would merge image and flags, checked before it is
 * returned, with where each value came from and what can't be had here. Reads the image's passwd and group files and
 * resolves the sources of bind mounts; writes nothing. Rejects with EmbeddedError that names the flag and the remedy.
 */
export async function buildConfig(input: ConfigInput): Promise<BuiltConfig> {
  const origins = new Origins();
  const { request, image } = input;
  const network = parseNetwork(request.network);
  const hostname = nameOfHost(input, network, origins);
  const granted = grantedCapabilities(input, origins);
  if (request.publish.length > 0) {
    origins.miss(
      `published ports (${request.publish.join(', ')})`,
      `--network ${network} has nothing to publish from`,
    );
  }
  const process = await buildProcess(input, hostname, granted, origins);
  const { mounts, files, sources } = await buildMounts(input, hostname, network, origins);
  origins.add(request.readOnly ? 'flag' : 'default', '--read-only', 'root.readonly', request.readOnly);
  const config: OciConfig = {
    ociVersion: '1.0.2',
    process,
    root: { path: input.rootfs, readonly: request.readOnly },
    hostname,
    mounts,
    linux: buildLinux(input, network, granted, origins),
  };
  const stopSignal = image.StopSignal || 'SIGTERM';
  return {
    config: validateConfig(config),
    provenance: origins.provenance,
    absent: origins.absent,
    files,
    sources,
    stopSignal,
  };
}
