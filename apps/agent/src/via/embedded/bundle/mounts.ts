import type { OciMount } from './ociConfig.ts';

/** What docker hides: files in /proc and /sys that tell about or reach into the host (config-linux.md, "Masked Paths"). */
export const MASKED_PATHS: readonly string[] = [
  '/proc/asound',
  '/proc/acpi',
  '/proc/interrupts',
  '/proc/kcore',
  '/proc/keys',
  '/proc/latency_stats',
  '/proc/timer_list',
  '/proc/timer_stats',
  '/proc/sched_debug',
  '/proc/scsi',
  '/sys/firmware',
  '/sys/devices/virtual/powercap',
];

/** What docker lets a container read but not write. */
export const READONLY_PATHS: readonly string[] = [
  '/proc/bus',
  '/proc/fs',
  '/proc/irq',
  '/proc/sys',
  '/proc/sysrq-trigger',
];

const mount = (destination: string, type: string, source: string, options: string[]): OciMount => ({
  destination,
  type,
  source,
  options,
});

/** What of docker's default mounts has to differ for an ordinary user. */
export interface MountConditions {
  /** In a user namespace of an ordinary user. */
  userNamespace: boolean;
  /** Group 5 (tty) is mapped, so a terminal can belong to it. */
  ttyGroup: boolean;
  /** The network namespace belongs to the user namespace: the kernel mounts sysfs only then. */
  ownNetwork: boolean;
  /** A cgroup filesystem can be mounted. */
  cgroup: boolean;
}

/** docker's default mounts, in its order. */
export function defaultMounts(conditions: MountConditions): OciMount[] {
  const pts = ['nosuid', 'noexec', 'newinstance', 'ptmxmode=0666', 'mode=0620'];
  if (conditions.ttyGroup) pts.push('gid=5');
  const sys =
    conditions.userNamespace && !conditions.ownNetwork
      ? mount('/sys', 'none', '/sys', ['rbind', 'nosuid', 'noexec', 'nodev', 'ro'])
      : mount('/sys', 'sysfs', 'sysfs', ['nosuid', 'noexec', 'nodev', 'ro']);
  const cgroup = mount('/sys/fs/cgroup', 'cgroup', 'cgroup', ['nosuid', 'noexec', 'nodev', 'relatime', 'ro']);
  return [
    mount('/proc', 'proc', 'proc', ['nosuid', 'noexec', 'nodev']),
    mount('/dev', 'tmpfs', 'tmpfs', ['nosuid', 'strictatime', 'mode=755', 'size=65536k']),
    mount('/dev/pts', 'devpts', 'devpts', pts),
    sys,
    ...(conditions.cgroup ? [cgroup] : []),
    mount('/dev/mqueue', 'mqueue', 'mqueue', ['nosuid', 'noexec', 'nodev']),
    mount('/dev/shm', 'tmpfs', 'shm', ['nosuid', 'noexec', 'nodev', 'mode=1777', 'size=65536k']),
  ];
}

const depth = (one: OciMount): number => one.destination.split('/').length;

/** Adds mounts to the default ones: the same destination replaces, and parents come before what lies below them. */
export function joinMounts(defaults: readonly OciMount[], added: readonly OciMount[]): OciMount[] {
  const taken = new Set(added.map((one) => one.destination));
  const kept = defaults.filter((one) => !taken.has(one.destination));
  return [...kept, ...added.toSorted((a, b) => depth(a) - depth(b))];
}
