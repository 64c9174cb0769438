import { release } from 'node:os';
import type { Check } from '@underdock/trace';
import type { System } from './system.ts';

/** Linux at all, whose rights, which kernel, and what this Linux runs in. */
export function surroundingChecks(system: System, environment: string[]): Check[] {
  return [linux(system), user(system), kernel(system), where(environment), nodeVersion()];
}

function linux({ platform }: System): Check {
  const name = 'linux';
  if (platform === 'linux') return { name, state: 'ok', found: 'this is Linux' };
  return {
    name,
    state: 'missing',
    found: `this is ${platform}`,
    effect: 'containers are a feature of the Linux kernel: only recorded traces can be looked at here',
    remedy: 'use a Linux machine or virtual machine',
  };
}

function user(system: System): Check {
  const name = 'user';
  if (system.uid === 0) return { name, state: 'ok', found: 'root' };
  return {
    name,
    state: 'limited',
    found: `an ordinary user (uid ${system.uid})`,
    effect: 'containers run in a user namespace, the kernel is watched with strace, limits need delegation',
    remedy: 'for the whole picture: sudo ./bin/underdock up',
  };
}

function kernel({ platform }: System): Check {
  const name = 'kernel';
  const version = release();
  const [major = 0, minor = 0] = version.split('.').map(Number);
  if (platform !== 'linux' || major > 5 || (major === 5 && minor >= 4)) {
    return { name, state: 'ok', found: version };
  }
  const effect = 'tested from 5.4 on: watching the kernel may not work';
  return { name, state: 'limited', found: version, effect, remedy: 'update the distribution' };
}

function where(environment: string[]): Check {
  const name = 'environment';
  if (environment.length === 0)
    return { name, state: 'ok', found: 'a machine or virtual machine of its own' };
  if (environment.includes('WSL1')) {
    const effect = 'there is no Linux kernel behind it: no containers';
    return {
      name,
      state: 'missing',
      found: 'WSL 1',
      effect,
      remedy: 'in PowerShell: wsl --set-version DISTRIBUTION 2',
    };
  }
  if (environment.every((one) => one === 'WSL2'))
    return { name, state: 'ok', found: 'WSL 2, which has a real kernel' };
  return {
    name,
    state: 'limited',
    found: `inside a container (${environment.join(', ')})`,
    effect: 'mounts, cgroups and tracing are only there as far as the outer container permits',
    remedy: 'run underdock on the host itself, or give the outer container --privileged --pid=host',
  };
}

/** Node's own version: what runs this is new enough or would not have started. */
function nodeVersion(): Check {
  return { name: 'node', state: 'ok', found: process.version };
}

/** What this Linux runs in: `docker`, `podman`, `kubernetes`, `lxc`, `container`, `WSL2`; empty for a machine. */
export function environmentOf(system: System): string[] {
  const version = system.text('/proc/version');
  const wsl = /microsoft/i.test(version) ? [/wsl2|microsoft-standard/i.test(version) ? 'WSL2' : 'WSL1'] : [];
  return [...(inOwnNamespaces(system) ? [] : containerOf(system)), ...wsl];
}

// The kernel gives the namespaces that it starts with fixed inodes (include/linux/proc_ns.h). Root filesystems of virtual
// machines are sometimes made from container images, marks included: those marks alone prove nothing.
const FIRST_NAMESPACES = { pid: 4026531836, uts: 4026531838, ipc: 4026531839 };

function inOwnNamespaces(system: System): boolean {
  return Object.entries(FIRST_NAMESPACES).every(
    ([kind, inode]) => system.link(`/proc/self/ns/${kind}`) === `${kind}:[${inode}]`,
  );
}

function containerOf(system: System): string[] {
  const found = new Set<string>();
  const cgroups = system.text('/proc/1/cgroup');
  const declared = /^container=(\S+)/m.exec(system.text('/proc/1/environ').replaceAll('\0', '\n'))?.[1];
  if (system.exists('/.dockerenv') || /\/docker[-/]/.test(cgroups)) found.add('docker');
  if (system.exists('/run/.containerenv')) found.add('podman');
  if (system.exists('/var/run/secrets/kubernetes.io') || /kubepods/.test(cgroups)) found.add('kubernetes');
  if (/\/lxc[/.]/.test(cgroups) || declared === 'lxc') found.add('lxc');
  if (declared && declared !== 'wsl' && found.size === 0) found.add(declared);
  if (found.size === 0 && /^overlay \/ overlay /m.test(system.text('/proc/mounts'))) found.add('container');
  return [...found];
}

/** The distribution as it calls itself. */
export function osName(system: System): string {
  const pretty = /^PRETTY_NAME="?([^"\n]*)"?/m.exec(system.text('/etc/os-release'))?.[1];
  return pretty ?? system.platform;
}
