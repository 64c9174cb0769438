import path from 'node:path';
import type { CgroupAbilities, Controller } from '../../bundle/cgroups.ts';
import type { OciConfig, OciResources } from '../../bundle/ociConfig.ts';
import type { Step } from './step.ts';

/** A container's cgroups: the folders to make, from the outermost on, and those that its process joins. */
export interface CgroupPlan {
  steps: Step[];
  /** Folders whose cgroup.procs the container's first process writes itself into. */
  joined: string[];
}

/** Not every kernel counts swap per cgroup. */
const SWAP = { what: 'swap limit' };

const USED: readonly Controller[] = ['memory', 'cpu', 'cpuacct', 'pids', 'devices', 'freezer'];

function write(file: string, value: string, why: string, optional?: Step['optional']): Step {
  return {
    why,
    shell: (quote) => `echo ${quote(value)} > ${quote(file)}`,
    ...(optional ? { optional } : {}),
  };
}

function mib(bytes: number): string {
  return bytes % 1048576 === 0 ? `${bytes / 1048576} MiB` : `${bytes} bytes`;
}

function deviceRule(rule: NonNullable<OciResources['devices']>[number]): string {
  const [type, access] = [rule.type ?? 'a', rule.access ?? 'rwm'];
  return type === 'a' ? 'a' : `${type} ${rule.major ?? '*'}:${rule.minor ?? '*'} ${access}`;
}

function deviceStep(folder: string, rules: NonNullable<OciResources['devices']>): Step {
  const file = path.join(folder, 'devices.allow');
  const allowed = rules.filter((rule) => rule.allow).map(deviceRule);
  return {
    why: 'allow a few harmless devices and no others',
    shell: (quote) =>
      [
        `echo a > ${quote(path.join(folder, 'devices.deny'))} || exit`,
        `for rule in ${allowed.map(quote).join(' ')}; do`,
        `  echo "$rule" > ${quote(file)} || exit`,
        'done',
      ].join('\n'),
  };
}

function legacyLimits(
  resources: OciResources,
  folder: (controller: Controller) => string | undefined,
): Step[] {
  const steps: Step[] = [];
  const { memory, cpu, pids, devices } = resources;
  const add = (
    controller: Controller,
    name: string,
    value: number | undefined,
    why: string,
    optional?: Step['optional'],
  ): void => {
    const at = folder(controller);
    if (at !== undefined && value !== undefined)
      steps.push(write(path.join(at, name), String(value), why, optional));
  };
  add('memory', 'memory.limit_in_bytes', memory?.limit, `limit memory to ${mib(memory?.limit ?? 0)}`);
  add(
    'memory',
    'memory.memsw.limit_in_bytes',
    memory?.swap,
    `limit memory and swap together to ${mib(memory?.swap ?? 0)}`,
    SWAP,
  );
  add('cpu', 'cpu.cfs_period_us', cpu?.period, 'count processor time in periods of so many microseconds');
  add('cpu', 'cpu.cfs_quota_us', cpu?.quota, 'limit processor time in each period, in microseconds');
  add('pids', 'pids.max', pids?.limit, `limit the number of processes to ${pids?.limit}`);
  const rules = folder('devices');
  if (devices && rules !== undefined) steps.push(deviceStep(rules, devices));
  return steps;
}

function unifiedLimits(resources: OciResources, folder: string): Step[] {
  const { memory, cpu, pids } = resources;
  const steps: Step[] = [];
  const add = (name: string, value: string | undefined, why: string, optional?: Step['optional']): void => {
    if (value !== undefined) steps.push(write(path.join(folder, name), value, why, optional));
  };
  add('memory.max', memory?.limit?.toString(), `limit memory to ${mib(memory?.limit ?? 0)}`);
  // The spec counts memory and swap together, cgroup v2 counts swap alone (config-linux.md).
  const swap = memory?.swap === undefined ? undefined : memory.swap - (memory.limit ?? 0);
  add('memory.swap.max', swap?.toString(), `limit swap to ${mib(swap ?? 0)}`, SWAP);
  const cpuMax = cpu?.quota === undefined ? undefined : `${cpu.quota} ${cpu.period ?? 100_000}`;
  add('cpu.max', cpuMax, 'limit processor time: microseconds in each period');
  add('pids.max', pids?.limit.toString(), `limit the number of processes to ${pids?.limit}`);
  return steps;
}

const make = (folders: string[]): Step => ({
  why: 'make a cgroup for the container',
  words: ['mkdir', '-p', ...folders],
});

function unifiedPlan(config: OciConfig, mount: string, cgroupsPath: string): CgroupPlan {
  const resources = config.linux.resources ?? {};
  const folder = path.join(mount, cgroupsPath);
  const parents = [path.dirname(path.dirname(folder)), path.dirname(folder)];
  const wanted = (['memory', 'cpu', 'pids'] as const).filter((name) => resources[name] !== undefined);
  const steps = [make([folder])];
  if (wanted.length > 0) {
    const value = wanted.map((name) => `+${name}`).join(' ');
    const enable = (parent: string): Step =>
      write(
        path.join(parent, 'cgroup.subtree_control'),
        value,
        'hand the controllers down to the cgroups below',
      );
    steps.push(...parents.map(enable));
  }
  return { steps: [...steps, ...unifiedLimits(resources, folder)], joined: [folder] };
}

/** The commands that make and limit a container's cgroups, v1 and hybrid (a folder per hierarchy) or v2 (one folder). */
export function planCgroups(config: OciConfig, host: Pick<CgroupAbilities, 'layout' | 'mounts'>): CgroupPlan {
  const { cgroupsPath, resources = {} } = config.linux;
  if (cgroupsPath === undefined || host.layout === 'none') return { steps: [], joined: [] };
  if (host.layout === 'v2') return unifiedPlan(config, host.mounts.unified!, cgroupsPath);
  const folder = (controller: Controller): string | undefined => {
    const mount = host.mounts[controller];
    return mount === undefined ? undefined : path.join(mount, cgroupsPath);
  };
  // Hierarchies that hold several controllers (cpu,cpuacct) are one folder.
  const joined = [...new Set(USED.map(folder).filter((one) => one !== undefined))];
  return { steps: [make(joined), ...legacyLimits(resources, folder)], joined };
}
