import { type CgroupValue, cgroupValue } from '@underdock/weave';
import { type MountLine, readMountinfo } from '../../probe/cgroupMounts.ts';
import { textOfKernelFile } from './kernelFiles.ts';

/** A folder under which the files of one of a process's cgroups lie. */
export interface CgroupFolder {
  folder: string;
  /** The path in the hierarchy. */
  path: string;
  hierarchy: number;
  /** As the line in /proc/PID/cgroup names them; empty for v2. */
  controllers: string[];
}

/** Where the cgroups of a process can be read, from its /proc/PID/cgroup and our own mountinfo (cgroups(7)). */
export function cgroupFolders(cgroup: string, mountinfo: string): CgroupFolder[] {
  const mounts = readMountinfo(mountinfo);
  const folders: CgroupFolder[] = [];
  for (const line of cgroup.split('\n')) {
    const match = /^(\d+):([^:]*):(.*)$/.exec(line);
    if (!match) continue;
    const [, id = '', names = '', path = ''] = match;
    const mount = mountOf(names, mounts);
    if (!mount) continue;
    const inside =
      mount.root === '/' ? path : path.startsWith(mount.root) ? path.slice(mount.root.length) : path;
    const controllers = names === '' ? [] : names.split(',');
    folders.push({
      folder: `${mount.mountPoint}${inside}`.replace(/\/$/, ''),
      path,
      hierarchy: Number(id),
      controllers,
    });
  }
  return folders;
}

function mountOf(names: string, mounts: readonly MountLine[]): MountLine | undefined {
  if (names === '') return mounts.find((mount) => mount.fstype === 'cgroup2');
  const [first = ''] = names.split(',');
  return mounts.find((mount) => mount.fstype === 'cgroup' && mount.superOptions.includes(first));
}

const LIMITS = [
  'memory.max',
  'memory.high',
  'memory.swap.max',
  'memory.limit_in_bytes',
  'memory.memsw.limit_in_bytes',
  'cpu.max',
  'cpu.weight',
  'cpu.cfs_quota_us',
  'cpu.shares',
  'pids.max',
];
// What is used now, by the limit that it is held against.
const USED: Readonly<Record<string, string>> = {
  'memory.max': 'memory.current',
  'memory.swap.max': 'memory.swap.current',
  'memory.limit_in_bytes': 'memory.usage_in_bytes',
  'memory.memsw.limit_in_bytes': 'memory.memsw.usage_in_bytes',
  'pids.max': 'pids.current',
};

/** A limit as its file says it, with what is used of it now. */
export interface Limit extends CgroupValue {
  file: string;
  now?: number;
}

/** The limits that can be read in a process's cgroups. Files that are not there or not readable are left out. */
export async function readLimits(folders: readonly CgroupFolder[], names = LIMITS): Promise<Limit[]> {
  const limits = await Promise.all(
    folders.flatMap(({ folder, controllers }) =>
      names.filter((name) => mayHold(controllers, name)).map((name) => readLimit(folder, name)),
    ),
  );
  return limits.filter((limit) => limit !== undefined);
}

/** Whether a file can lie in a hierarchy with these controllers: looking for files that can't be there costs the most. */
function mayHold(controllers: readonly string[], name: string): boolean {
  return controllers.length === 0 || controllers.includes(name.split('.')[0] ?? '');
}

async function readLimit(folder: string, name: string): Promise<Limit | undefined> {
  const file = `${folder}/${name}`;
  const text = await textOf(file);
  const value = text === undefined ? undefined : cgroupValue(name, text);
  if (!value) return undefined;
  const used = USED[name];
  const now = used === undefined ? undefined : Number(await textOf(`${folder}/${used}`));
  const limit: Limit = { file, ...value };
  if (name === 'cpu.cfs_quota_us') limit.number = await cpusOfQuota(folder, value.value);
  if (now !== undefined && Number.isFinite(now)) limit.now = now;
  return limit;
}

async function cpusOfQuota(folder: string, quota: string): Promise<number | null> {
  const period = Number(await textOf(`${folder}/cpu.cfs_period_us`));
  return Number(quota) < 0 || !(period > 0) ? null : Number(quota) / period;
}

/** Processor time used so far by a process's cgroup, in ms; undefined where no file tells. */
export async function cpuUsedMs(folders: readonly CgroupFolder[]): Promise<number | undefined> {
  for (const { folder, controllers } of folders) {
    if (!mayHold(controllers, 'cpu.stat') && !mayHold(controllers, 'cpuacct.usage')) continue;
    const stat = await textOf(`${folder}/cpu.stat`);
    const microseconds = stat && /^usage_usec (\d+)$/m.exec(stat)?.[1];
    if (microseconds) return Number(microseconds) / 1000;
    const nanoseconds = await textOf(`${folder}/cpuacct.usage`);
    if (nanoseconds !== undefined) return Number(nanoseconds) / 1e6;
  }
  return undefined;
}

async function textOf(file: string): Promise<string | undefined> {
  try {
    return (await textOfKernelFile(file)).trim();
  } catch {
    return undefined;
  }
}
