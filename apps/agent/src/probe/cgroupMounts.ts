/** One line of /proc/PID/mountinfo (proc_pid_mountinfo(5)), as far as it is of use here. */
export interface MountLine {
  id: number;
  parent: number;
  /** `major:minor` of the filesystem. */
  device: string;
  root: string;
  mountPoint: string;
  options: string[];
  fstype: string;
  source: string;
  superOptions: string[];
}

/** Reads mountinfo; octal escapes (\\040 is a space) are resolved. Lines that make no sense are left out. */
export function readMountinfo(text: string): MountLine[] {
  const lines: MountLine[] = [];
  for (const line of text.split('\n')) {
    const words = line.split(' ');
    const dash = words.indexOf('-', 6);
    const [id, parent, device, root, mountPoint, options] = words;
    const [fstype, source, superOptions] = words.slice(dash + 1);
    if (dash < 0 || !device || !root || !mountPoint || !fstype) continue;
    lines.push({
      id: Number(id),
      parent: Number(parent),
      device,
      root: unescaped(root),
      mountPoint: unescaped(mountPoint),
      options: (options ?? '').split(','),
      fstype,
      source: unescaped(source ?? ''),
      superOptions: (superOptions ?? '').split(','),
    });
  }
  return lines;
}

function unescaped(text: string): string {
  return text.replaceAll(/\\([0-7]{3})/g, (_, octal) => String.fromCharCode(Number.parseInt(octal, 8)));
}

/** A cgroup file: its absolute path where its hierarchy is mounted, and the hierarchy's controllers (none for v2). */
export interface CgroupFile {
  file: string;
  controllers: string[];
}

const NO_CONTROLLER = new Set(['rw', 'ro', 'xattr', 'clone_children', 'noprefix']);

/** Finds cgroup files by the device number as the kernel has it and the path in the hierarchy. */
export function locateOn(mounts: readonly MountLine[]): (device: number, path: string) => CgroupFile {
  const byDevice = new Map<string, MountLine>();
  for (const mount of mounts) {
    if (mount.fstype !== 'cgroup' && mount.fstype !== 'cgroup2') continue;
    if (mount.root === '/') byDevice.set(mount.device, mount);
  }
  return (device, path) => {
    // dev_t inside the kernel: 12 bits of major, 20 bits of minor
    const mount = byDevice.get(`${device >>> 20}:${device & 0xfffff}`);
    if (!mount) return { file: path, controllers: [] };
    const named = mount.superOptions.filter(
      (word) => !NO_CONTROLLER.has(word) && !word.startsWith('release_agent'),
    );
    const controllers = mount.fstype === 'cgroup' ? named : [];
    return { file: `${mount.mountPoint}${path}`, controllers };
  };
}

/** Reads /proc/PID/cgroup (cgroups(7)): the controllers of each hierarchy by its id. Those of v2 (id 0) are not listed there. */
export function readHierarchies(text: string): Map<number, string[]> {
  const hierarchies = new Map<number, string[]>();
  for (const line of text.split('\n')) {
    const [id, names] = line.split(':');
    if (!id || names === undefined) continue;
    hierarchies.set(Number(id), names === '' ? [] : names.split(','));
  }
  return hierarchies;
}
