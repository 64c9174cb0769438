import { readdirSync, readFileSync, rmdirSync } from 'node:fs';
import { join } from 'node:path';

/** One cgroup that a process is in: the folder that shows it, and the controllers it has. */
export interface CgroupFolder {
  folder: string;
  /** Path below the hierarchy's root. */
  path: string;
  controllers: string[];
}

interface Hierarchy {
  mountPoint: string;
  /** What of the hierarchy is mounted there: `/` but in containers. */
  root: string;
  /** Empty for v2. */
  options: string[];
}

function hierarchies(): Hierarchy[] {
  const lines = readFileSync('/proc/self/mountinfo', 'utf8').split('\n');
  return lines.flatMap((line) => {
    const [front = '', back = ''] = line.split(' - ');
    const [fstype, , options = ''] = back.split(' ');
    const fields = front.split(' ');
    if (fstype !== 'cgroup' && fstype !== 'cgroup2') return [];
    const own = fstype === 'cgroup' ? options.split(',') : [];
    return [{ root: fields[3] ?? '/', mountPoint: fields[4] ?? '', options: own }];
  });
}

/** The cgroups of a process in every hierarchy that is mounted here (cgroups(7), /proc/PID/cgroup). */
export function cgroupsOf(pid: number): CgroupFolder[] {
  const mounted = hierarchies();
  return readFileSync(`/proc/${pid}/cgroup`, 'utf8')
    .split('\n')
    .flatMap((line) => {
      const match = /^\d+:([^:]*):(.*)$/.exec(line);
      if (!match) return [];
      const controllers = (match[1] ?? '').split(',').filter(Boolean);
      const path = match[2] ?? '/';
      const mount = mounted.find((one) =>
        controllers.length === 0
          ? one.options.length === 0
          : controllers.every((name) => one.options.includes(name)),
      );
      return mount ? [{ folder: join(mount.mountPoint, below(mount.root, path)), path, controllers }] : [];
    });
}

function below(root: string, path: string): string {
  return root !== '/' && path.startsWith(root) ? path.slice(root.length) : path;
}

/** How often the kernel has OOM-killed in these cgroups: memory.events (v2) or memory.oom_control (v1); 0 if unknown. */
export function oomKills(cgroups: readonly CgroupFolder[]): number {
  const counts = cgroups.flatMap(({ folder }) =>
    ['memory.events', 'memory.oom_control'].map((name) =>
      Number(/^oom_kill (\d+)$/m.exec(readText(join(folder, name)))?.[1] ?? 0),
    ),
  );
  return Math.max(0, ...counts);
}

/** The folders of a cgroup of this path in every hierarchy, those that exist. */
export function cgroupFolders(path: string): string[] {
  return hierarchies()
    .map(({ mountPoint, root }) => join(mountPoint, below(root, path)))
    .filter(exists);
}

function exists(folder: string): boolean {
  try {
    readdirSync(folder);
    return true;
  } catch {
    return false;
  }
}

/** Removes a cgroup and those below it, lowest first. False when a process is still in one. */
export function removeCgroup(folder: string): boolean {
  try {
    for (const entry of readdirSync(folder, { withFileTypes: true })) {
      if (entry.isDirectory() && !removeCgroup(join(folder, entry.name))) return false;
    }
    rmdirSync(folder);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'ENOENT';
  }
}

/** Removes a cgroup that has neither processes nor cgroups in it; one that has stays. */
export function removeEmptyCgroup(folder: string): void {
  try {
    rmdirSync(folder);
  } catch {
    // Somebody uses it (EBUSY), or it is not ours to remove.
  }
}

/** Text of a file, empty where it can't be read. */
export function readText(file: string): string {
  try {
    return readFileSync(file, 'utf8');
  } catch {
    return '';
  }
}
