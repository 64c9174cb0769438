import { DEFAULT_CAPABILITIES } from './privileges.ts';
import type { Portable } from './types.ts';

type Config = Record<string, unknown>;

/**
 * A config.json (OCI runtime spec 1.0) made from what was asked for, where nobody read the one that the run had: with the
 * mounts, namespaces and capabilities that engines take unless told otherwise. Undefined where the trace does not tell
 * what is executed: a bundle knows no image that could say it.
 */
export function standardConfig(portable: Portable): Config | undefined {
  const { entrypoint, args, hostname, readOnly, user, ids } = portable;
  const words = [...(entrypoint?.value ?? []), ...(args?.value ?? [])];
  if (words.length === 0) return undefined;
  const numbers = /^(\d+)(?::(\d+))?$/.exec(user?.value ?? '');
  const known = numbers
    ? { uid: Number(numbers[1]), gid: Number(numbers[2] ?? 0) }
    : (ids?.value ?? { uid: 0, gid: 0 });
  return {
    ociVersion: '1.0.2',
    process: {
      terminal: portable.tty?.value ?? false,
      user: known,
      args: words,
      env: [
        `PATH=${PATH}`,
        ...portable.env.map(({ value: { name, value } }) => `${name}=${value ?? '[redacted]'}`),
      ],
      cwd: portable.workdir?.value ?? '/',
      capabilities: capabilitiesOf(portable),
      noNewPrivileges: true,
    },
    root: { path: 'rootfs', readonly: readOnly?.value ?? false },
    ...(hostname ? { hostname: hostname.value } : {}),
    mounts: [...MOUNTS.map(mountOf), ...ownMounts(portable)],
    linux: {
      namespaces: namespacesOf(portable).map((type) => ({ type })),
      resources: resourcesOf(portable),
      maskedPaths: ['/proc/kcore', '/proc/keys', '/proc/timer_list', '/proc/scsi', '/sys/firmware'],
      readonlyPaths: ['/proc/bus', '/proc/fs', '/proc/irq', '/proc/sys', '/proc/sysrq-trigger'],
    },
  };
}

const PATH = '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin';
const MOUNTS: readonly (readonly [destination: string, type: string, options: string])[] = [
  ['/proc', 'proc', 'nosuid,noexec,nodev'],
  ['/dev', 'tmpfs', 'nosuid,strictatime,mode=755,size=65536k'],
  ['/dev/pts', 'devpts', 'nosuid,noexec,newinstance,ptmxmode=0666,mode=0620,gid=5'],
  ['/dev/shm', 'tmpfs', 'nosuid,noexec,nodev,mode=1777,size=65536k'],
  ['/dev/mqueue', 'mqueue', 'nosuid,noexec,nodev'],
  ['/sys', 'sysfs', 'nosuid,noexec,nodev,ro'],
];

function mountOf([destination, type, options]: (typeof MOUNTS)[number]): Config {
  return { destination, type, source: type, options: options.split(',') };
}

function ownMounts({ mounts }: Portable): Config[] {
  return mounts.flatMap(({ value: { kind, source, target, readOnly } }) => {
    const mode = readOnly ? 'ro' : 'rw';
    if (kind === 'tmpfs') return [mountOf([target, 'tmpfs', `nosuid,nodev,${mode}`])];
    if (kind !== 'bind' || !source) return [];
    return [{ destination: target, type: 'bind', source, options: ['rbind', 'rprivate', mode] }];
  });
}

function capabilitiesOf({ capAdd, capDrop, privileged, user }: Portable): Config {
  const dropped = capDrop?.value ?? [];
  const kept = dropped.includes('ALL') ? [] : DEFAULT_CAPABILITIES.filter((name) => !dropped.includes(name));
  const added = (capAdd?.value ?? []).filter((name) => name !== 'ALL');
  const bounding = [...new Set([...kept, ...added])].map((name) => `CAP_${name}`);
  // Who is not root has them only within his bounds, as engines do it.
  const isRoot = !user || /^(0|root)(:|$)/.test(user.value) || privileged !== undefined;
  return isRoot ? { bounding, effective: bounding, permitted: bounding } : { bounding };
}

function namespacesOf({ network }: Portable): string[] {
  const all = ['pid', 'mount', 'uts', 'ipc'];
  return network?.value === 'host' ? all : [...all, 'network'];
}

function resourcesOf({ memory, cpus, pids }: Portable): Config {
  const period = 100_000;
  return {
    ...(memory ? { memory: { limit: memory.value } } : {}),
    ...(cpus ? { cpu: { quota: Math.round(cpus.value * period), period } } : {}),
    ...(pids ? { pids: { limit: pids.value } } : {}),
    devices: [{ allow: false, access: 'rwm' }],
  };
}
