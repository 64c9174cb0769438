import { readdir, readFile, readlink } from 'node:fs/promises';
import { join } from 'node:path';
import type { Outcome } from '../report.ts';

const LIMITS = ['memory.max', 'memory.swap.max', 'cpu.max', 'pids.max'];
const STATUS = ['NoNewPrivs', 'Seccomp', 'CapEff', 'Uid'];

/** Looks at the container whose command line holds `marker` from outside, through /proc and /sys/fs/cgroup alone. */
export async function look(marker: string): Promise<Outcome['seen']> {
  const ours = await readlink('/proc/self/ns/pid');
  for (const pid of (await readdir('/proc')).filter((name) => /^\d+$/.test(name))) {
    const commandLine = await readFile(`/proc/${pid}/cmdline`, 'utf8').catch(() => '');
    if (!commandLine.includes(marker)) continue;
    const status = await readFile(`/proc/${pid}/status`, 'utf8').catch(() => '');
    const first = / 1$|\t1$/.test(field(status, 'NSpid'));
    if (!first || (await readlink(`/proc/${pid}/ns/pid`).catch(() => ours)) === ours) continue;
    const cgroup = (await readFile(`/proc/${pid}/cgroup`, 'utf8')).trim().replace(/^0::/, '');
    return {
      cgroup,
      files: await limits(cgroup),
      status: Object.fromEntries(STATUS.map((n) => [n, field(status, n)])),
    };
  }
  return undefined;
}

const field = (status: string, name: string): string =>
  status.match(new RegExp(`^${name}:[ \\t]*(.*)$`, 'm'))?.[1]?.trim() ?? '';

async function limits(cgroup: string): Promise<Record<string, string>> {
  const found: Record<string, string> = {};
  for (const name of LIMITS) {
    const text = await readFile(join('/sys/fs/cgroup', cgroup, name), 'utf8').catch(() => undefined);
    if (text !== undefined) found[name] = text.trim();
  }
  return found;
}

/** The mounts of the machine and its cgroups, as lines: what is there after a run and was not before was left behind. */
export async function inventory(): Promise<Set<string>> {
  const mounts = (await readFile('/proc/1/mounts', 'utf8')).split('\n').map((line) => `mount ${line}`);
  const cgroups = (await readdir('/sys/fs/cgroup', { recursive: true, withFileTypes: true }))
    .filter((entry) => entry.isDirectory())
    // The folder of all containers' cgroups stays, as docker's and systemd's do; so does the leaf that a delegated
    // cgroup's processes have moved to, which holds the shell that typed the command.
    .filter((entry) => entry.name !== 'underdock' && entry.name !== 'underdock.agent')
    .map((entry) => `cgroup ${join(entry.parentPath, entry.name)}`);
  return new Set([...mounts, ...cgroups]);
}
