import { readFileSync, readlinkSync } from 'node:fs';
import os from 'node:os';
import type { HostDescription } from '@underdock/trace';
import { answerOf } from '../answers.ts';

/** Programs whose versions matter to a trace, and how to ask them. */
const PROGRAMS: readonly [name: string, argv: readonly string[]][] = [
  ['runc', ['runc', '--version']],
  ['crun', ['crun', '--version']],
  ['bpftrace', ['bpftrace', '--version']],
  ['strace', ['strace', '--version']],
  ['util-linux', ['unshare', '--version']],
];

/** What this host is, as a trace's header says it. Programs that are not there are left out. */
export async function describeHost(): Promise<HostDescription> {
  const versions = await Promise.all(
    PROGRAMS.map(async ([name, argv]) => [name, await versionOf(argv)] as const),
  );
  const found = versions.filter((one): one is [string, string] => one[1] !== undefined);
  return {
    kernel: os.release(),
    arch: os.machine(),
    cgroup: cgroupLayout(readText('/proc/self/mountinfo')),
    root: process.geteuid?.() === 0,
    versions: { node: process.versions.node, ...Object.fromEntries(found) },
  };
}

async function versionOf([file = '', ...args]: readonly string[]): Promise<string | undefined> {
  try {
    const { stdout, stderr } = await answerOf(file, args);
    return /\d+(?:\.\d+)+[\w.+~-]*/.exec(stdout || stderr)?.[0];
  } catch {
    return undefined;
  }
}

function readText(file: string): string {
  try {
    return readFileSync(file, 'utf8');
  } catch {
    return '';
  }
}

/** The cgroup layout that a text of /proc/PID/mountinfo shows (cgroups(7)). */
export function cgroupLayout(mountinfo: string): HostDescription['cgroup'] {
  const types = new Set(mountinfo.split('\n').map((line) => line.split(' - ')[1]?.split(' ')[0]));
  if (types.has('cgroup')) return types.has('cgroup2') ? 'hybrid' : 'v1';
  return types.has('cgroup2') ? 'v2' : 'none';
}

const NAMESPACES = ['mnt', 'pid', 'net', 'uts', 'ipc', 'user', 'cgroup', 'time'];

/** The inodes of this process's own namespaces by kind: what a container's are held beside. */
export function hostNamespaces(): Record<string, number> {
  const found = NAMESPACES.map((kind) => [kind, namespaceInode(kind)] as const);
  return Object.fromEntries(found.filter((one) => one[1] !== undefined)) as Record<string, number>;
}

function namespaceInode(kind: string): number | undefined {
  try {
    return Number(/\[(\d+)\]/.exec(readlinkSync(`/proc/self/ns/${kind}`))?.[1]);
  } catch {
    return undefined;
  }
}

/** The controllers of each cgroup hierarchy by the kernel's id (/proc/self/cgroup, cgroups(7)); 0 is v2. */
export function cgroupControllers(): Record<number, string[]> {
  const lines = readText('/proc/self/cgroup').split('\n');
  const fields = lines.map((line) => /^(\d+):([^:]*):/.exec(line)).filter((match) => match !== null);
  return Object.fromEntries(
    fields.map(([, id, names]) => [Number(id), (names ?? '').split(',').filter(Boolean)]),
  );
}
