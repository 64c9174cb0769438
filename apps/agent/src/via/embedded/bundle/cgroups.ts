import { constants } from 'node:fs';
import { access, readFile } from 'node:fs/promises';
import path from 'node:path';
import { delegatedBase } from './delegation.ts';

export type Controller =
  | 'memory'
  | 'cpu'
  | 'cpuacct'
  | 'cpuset'
  | 'pids'
  | 'devices'
  | 'freezer'
  | 'blkio'
  | 'unified';

/** How cgroups are laid out on this host and what this user may do with them. */
export interface CgroupAbilities {
  layout: 'v1' | 'hybrid' | 'v2' | 'none';
  /** Mount point of each hierarchy by controller; `unified` is the v2 one. */
  mounts: Partial<Record<Controller, string>>;
  /** Cgroup under which containers' cgroups are made (`/underdock`, or one's own in a delegated subtree); absent = not permitted. */
  parent?: string;
  /** Which limits can be set there. */
  limits: { memory: boolean; swap: boolean; cpu: boolean; pids: boolean };
  /** A folder whose processes must move to a leaf before a container's cgroup can be limited below it: see enterLeaf. */
  delegated?: string;
  /** Why limits are not permitted, when they are not. */
  why?: string;
}

const NONE = { memory: false, swap: false, cpu: false, pids: false };
const CONTROLLERS = ['memory', 'cpu', 'cpuacct', 'cpuset', 'pids', 'devices', 'freezer', 'blkio'] as const;

/** Layout and mount points out of the text of /proc/PID/mountinfo (proc(5)). */
export function cgroupMounts(mountinfo: string): Pick<CgroupAbilities, 'layout' | 'mounts'> {
  const mounts: CgroupAbilities['mounts'] = {};
  for (const line of mountinfo.split('\n')) {
    const [front = '', back = ''] = line.split(' - ');
    const [fstype, , options = ''] = back.split(' ');
    const at = front.split(' ')[4] ?? '';
    if (fstype === 'cgroup2') mounts.unified ??= at;
    if (fstype !== 'cgroup') continue;
    for (const name of CONTROLLERS) {
      if (options.split(',').includes(name)) mounts[name] ??= at;
    }
  }
  const legacy = Object.keys(mounts).some((name) => name !== 'unified');
  const layout = mounts.unified === undefined ? (legacy ? 'v1' : 'none') : legacy ? 'hybrid' : 'v2';
  return { layout, mounts };
}

async function writable(file: string): Promise<boolean> {
  return access(file, constants.W_OK).then(
    () => true,
    () => false,
  );
}

const words = async (file: string): Promise<string[]> =>
  (await readFile(file, 'utf8').catch(() => '')).trim().split(/\s+/);

async function legacyLimits(mounts: CgroupAbilities['mounts']): Promise<CgroupAbilities['limits']> {
  const memory = mounts.memory !== undefined && (await writable(mounts.memory));
  return {
    memory,
    // Present only where the kernel counts swap (swapaccount=1 on older ones).
    swap: memory && (await writable(path.join(mounts.memory!, 'memory.memsw.limit_in_bytes'))),
    cpu: mounts.cpu !== undefined && (await writable(path.join(mounts.cpu, 'cpu.shares'))),
    pids: mounts.pids !== undefined && (await writable(mounts.pids)),
  };
}

/** The part of /proc/self/cgroup that names the v2 cgroup, `/` where there is none. */
export function ownUnifiedCgroup(text: string): string {
  return /^0::(\/.*)$/m.exec(text)?.[1] ?? '/';
}

const exists = (file: string): Promise<boolean> =>
  access(file).then(
    () => true,
    () => false,
  );

/** Swap is counted where one's own cgroup shows it; where that shows no memory at all, it is taken to be. */
async function countsSwap(folder: string): Promise<boolean> {
  if (!(await exists(path.join(folder, 'memory.current')))) return true;
  return exists(path.join(folder, 'memory.swap.max'));
}

async function unified(
  mount: string,
  root: boolean,
  own: string,
): Promise<Omit<CgroupAbilities, 'layout' | 'mounts'>> {
  const base = root ? '/' : delegatedBase(own);
  const folder = path.join(mount, base);
  if (!(await writable(folder)) || !(await writable(path.join(folder, 'cgroup.subtree_control')))) {
    return { limits: NONE, why: root ? `${folder} is not writable` : 'no delegated cgroup' };
  }
  const controllers = await words(path.join(folder, 'cgroup.controllers'));
  const memory = controllers.includes('memory');
  const swap = memory && (await countsSwap(path.join(mount, own)));
  // Only the true root has no cgroup.type; any other may not hold processes beside limited children.
  const delegated = (await exists(path.join(folder, 'cgroup.type'))) ? { delegated: folder } : {};
  const limits = { memory, swap, cpu: controllers.includes('cpu'), pids: controllers.includes('pids') };
  return { parent: path.join(base, 'underdock'), limits, ...delegated };
}

/** Looks at this host's cgroups as this user; `root` = may write anywhere. Never rejects: what can't be read is not permitted. */
export async function readCgroups(root: boolean): Promise<CgroupAbilities> {
  const { layout, mounts } = cgroupMounts(await readFile('/proc/self/mountinfo', 'utf8').catch(() => ''));
  if (layout === 'none') return { layout, mounts, limits: NONE, why: 'no cgroup hierarchy is mounted' };
  if (layout === 'v2') {
    const own = ownUnifiedCgroup(await readFile('/proc/self/cgroup', 'utf8').catch(() => ''));
    return { layout, mounts, ...(await unified(mounts.unified!, root, own)) };
  }
  if (!root) return { layout, mounts, limits: NONE, why: 'no delegated cgroup' };
  const limits = await legacyLimits(mounts);
  if (!Object.values(limits).includes(true)) {
    return { layout, mounts, limits, why: 'the cgroup hierarchies are mounted read-only' };
  }
  return { layout, mounts, parent: '/underdock', limits };
}
