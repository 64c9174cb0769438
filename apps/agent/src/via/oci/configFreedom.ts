import { isDeepStrictEqual } from 'node:util';
import { capabilitiesBeyond } from '../capabilityFreedom.ts';
import type { OciConfig, OciMount } from '../embedded/bundle/ociConfig.ts';
import type { ConfigFault } from './configFaults.ts';

type CapabilitySet = keyof OciConfig['process']['capabilities'];
type Fields = Readonly<Record<string, unknown>>;

const REMEDY = 'only an agent that was started with --allow-config runs that';

/**
 * What an edited config.json asks for that no flag of a run could ask for: a namespace or the seccomp filter gone, a hook, a
 * device, a folder of the host. Empty: it is no wider than flags are. Bind mounts are not judged here: see `addedMounts`.
 */
export function wideningOf(
  prepared: OciConfig,
  edited: OciConfig,
  allowedCapabilities: readonly string[] = [],
): ConfigFault[] {
  return [
    ...unchanged('', prepared, edited, ['ociVersion', 'process', 'root', 'hostname', 'mounts', 'linux']),
    ...processFaults(prepared.process, edited.process),
    ...capabilityFaults(prepared, edited, allowedCapabilities),
    ...unchanged('root', prepared.root, edited.root, ['readonly']),
    ...mountFaults(prepared.mounts, edited.mounts ?? []),
    ...linuxFaults(prepared.linux, edited.linux ?? { namespaces: [] }),
  ];
}

/** The mounts that the edit brought in: tmpfs and folders of the host, to be allowed as `--mount` allows them. */
export function addedMounts(prepared: OciConfig, edited: OciConfig): OciMount[] {
  return (edited.mounts ?? []).filter(
    (one) => !prepared.mounts.some((known) => isDeepStrictEqual(known, one)),
  );
}

const fault = (field: string, what: string): ConfigFault => ({ field, message: `${what}; ${REMEDY}` });

function unchanged(at: string, before: object, after: object, free: readonly string[]): ConfigFault[] {
  const [old, now] = [before as Fields, after as Fields];
  const keys = [...new Set([...Object.keys(old), ...Object.keys(now)])];
  return keys
    .filter((key) => !free.includes(key) && !isDeepStrictEqual(old[key], now[key]))
    .map((key) => fault(at === '' ? key : `${at}.${key}`, 'must stay as it was'));
}

function processFaults(before: OciConfig['process'], after: OciConfig['process']): ConfigFault[] {
  const free = ['terminal', 'consoleSize', 'user', 'args', 'env', 'cwd', 'capabilities', 'rlimits'];
  const known = before.rlimits?.[0]?.hard ?? 0;
  const wide = (after.rlimits ?? []).filter(
    ({ type, hard, soft }) => type !== 'RLIMIT_NOFILE' || hard > known || soft > known,
  );
  return [
    ...unchanged('process', before, after, free),
    ...(wide.length > 0
      ? [fault('process.rlimits', `may only lower RLIMIT_NOFILE, to less than ${known}`)]
      : []),
  ];
}

function capabilityFaults(before: OciConfig, after: OciConfig, allowed: readonly string[]): ConfigFault[] {
  const hostNetwork = !after.linux?.namespaces?.some(({ type }) => type === 'network');
  return Object.entries(after.process?.capabilities ?? {}).flatMap(([set, names]) => {
    const had: readonly string[] = before.process.capabilities[set as CapabilitySet] ?? [];
    const more = names.filter((name) => hostNetwork || !had.includes(name));
    const beyond = capabilitiesBeyond(more, { allowed, hostNetwork });
    return beyond.length === 0
      ? []
      : [fault(`process.capabilities.${set}`, `must not have ${beyond.join(', ')}, which reach the host`)];
  });
}

const TMPFS_OPTION = /^(nosuid|nodev|noexec|strictatime|relatime|ro|rw|mode=[0-7]+|size=\d+[kmg]?)$/;
const BIND_OPTION = /^(r?bind|r?private|nosuid|nodev|noexec|ro|rw)$/;

/** Whatever its type: runtimes pass over the type of a mount that has one of these options (config.md, "Mounts"). */
export function isBindMount({ type, options = [] }: OciMount): boolean {
  return type === 'bind' || options.some((one) => one === 'bind' || one === 'rbind');
}

const MOUNT_FIELDS: readonly string[] = ['destination', 'type', 'source', 'options'];

function mountFaults(before: readonly OciMount[], after: readonly OciMount[]): ConfigFault[] {
  return after.flatMap((mount, index) => {
    if (before.some((known) => isDeepStrictEqual(known, mount))) return [];
    const { type, options = [] } = mount;
    const isBind = isBindMount(mount);
    if (isBind && type === 'tmpfs')
      return [fault(`mounts.${index}`, 'is called a tmpfs and is a bind mount: its type must be bind')];
    const other = Object.keys(mount).find((key) => !MOUNT_FIELDS.includes(key));
    if (other) return [fault(`mounts.${index}.${other}`, 'is nothing that --mount gives')];
    const allowed = isBind ? BIND_OPTION : TMPFS_OPTION;
    const plain = isBind || type === 'tmpfs';
    if (plain && options.every((one) => allowed.test(one)) && (isBind || options.includes('nodev')))
      return [];
    const what = plain
      ? 'has options that --mount does not give (a tmpfs is nodev)'
      : 'is no mount that --mount could make: a bind mount or a tmpfs';
    return [fault(`mounts.${index}`, what)];
  });
}

function linuxFaults(before: OciConfig['linux'], after: OciConfig['linux']): ConfigFault[] {
  return [
    ...unchanged('linux', before, after, ['namespaces', 'resources', 'maskedPaths', 'readonlyPaths']),
    ...namespaceFaults(before.namespaces, after.namespaces ?? []),
    ...(['maskedPaths', 'readonlyPaths'] as const).flatMap((key) => {
      const lost = (before[key] ?? []).filter((path) => !(after[key] ?? []).includes(path));
      return lost.length > 0 ? [fault(`linux.${key}`, `must keep ${lost.join(', ')}`)] : [];
    }),
    ...limitFaults(before.resources ?? {}, after.resources ?? {}),
  ];
}

type Namespaces = OciConfig['linux']['namespaces'];

/** The host's network is what --network host asks for; nothing else of the host's can be asked for. */
function namespaceFaults(before: Namespaces, after: Namespaces): ConfigFault[] {
  const lost = before.filter(({ type }) => type !== 'network' && !after.some((one) => one.type === type));
  const joined = after.filter(({ path }) => path !== undefined);
  const other = after.filter(({ type }) => type === 'user' && !before.some((one) => one.type === 'user'));
  return [
    ...lost.map(({ type }) => fault('linux.namespaces', `must keep the ${type} namespace of its own`)),
    ...joined.map(({ type }) =>
      fault('linux.namespaces', `must not join another ${type} namespace by its path`),
    ),
    ...other.map(() => fault('linux.namespaces', 'must not add a user namespace')),
  ];
}

type Resources = NonNullable<OciConfig['linux']['resources']>;

function limitFaults(before: Resources, after: Resources): ConfigFault[] {
  const { memory, cpu, pids } = after;
  const limited = before.memory === undefined || (memory?.limit !== undefined && memory.limit > 0);
  const swap = memory?.swap ?? 0;
  return [
    ...unchanged('linux.resources', before, after, ['memory', 'cpu', 'pids']),
    ...unchanged('linux.resources.memory', {}, memory ?? {}, ['limit', 'swap', 'reservation']),
    ...unchanged('linux.resources.cpu', {}, cpu ?? {}, ['quota', 'period', 'shares']),
    ...unchanged('linux.resources.pids', {}, pids ?? {}, ['limit']),
    ...(limited ? [] : [fault('linux.resources.memory.limit', 'must be a number of bytes above 0')]),
    ...(before.memory?.swap !== undefined && (swap < 1 || swap > (memory?.limit ?? 0) * 2)
      ? [fault('linux.resources.memory.swap', 'must be between the memory limit and twice as much')]
      : []),
  ];
}
