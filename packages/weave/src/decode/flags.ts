type Table = readonly (readonly [bit: number, name: string])[];

/** The names of the bits that are set in `value`; bits without a name come last, as one hexadecimal number. */
export function flagNames(value: number, table: Table): string[] {
  let rest = BigInt(Math.max(0, Math.trunc(value)));
  const names: string[] = [];
  for (const [bit, name] of table) {
    if ((rest & BigInt(bit)) !== BigInt(bit)) continue;
    names.push(name);
    rest &= ~BigInt(bit);
  }
  return rest === 0n ? names : [...names, `0x${rest.toString(16)}`];
}

// linux/sched.h; the lowest byte of clone's flags is the signal at the child's end
const CLONE: Table = [
  [0x100, 'CLONE_VM'],
  [0x200, 'CLONE_FS'],
  [0x400, 'CLONE_FILES'],
  [0x800, 'CLONE_SIGHAND'],
  [0x1000, 'CLONE_PIDFD'],
  [0x2000, 'CLONE_PTRACE'],
  [0x4000, 'CLONE_VFORK'],
  [0x8000, 'CLONE_PARENT'],
  [0x10000, 'CLONE_THREAD'],
  [0x20000, 'CLONE_NEWNS'],
  [0x40000, 'CLONE_SYSVSEM'],
  [0x80000, 'CLONE_SETTLS'],
  [0x100000, 'CLONE_PARENT_SETTID'],
  [0x200000, 'CLONE_CHILD_CLEARTID'],
  [0x400000, 'CLONE_DETACHED'],
  [0x800000, 'CLONE_UNTRACED'],
  [0x1000000, 'CLONE_CHILD_SETTID'],
  [0x2000000, 'CLONE_NEWCGROUP'],
  [0x4000000, 'CLONE_NEWUTS'],
  [0x8000000, 'CLONE_NEWIPC'],
  [0x10000000, 'CLONE_NEWUSER'],
  [0x20000000, 'CLONE_NEWPID'],
  [0x40000000, 'CLONE_NEWNET'],
  [0x80000000, 'CLONE_IO'],
  [0x100000000, 'CLONE_CLEAR_SIGHAND'],
  [0x200000000, 'CLONE_INTO_CGROUP'],
];
const NEWTIME = 0x80;

const NAMESPACES: Table = [
  [0x20000, 'mnt'],
  [0x2000000, 'cgroup'],
  [0x4000000, 'uts'],
  [0x8000000, 'ipc'],
  [0x10000000, 'user'],
  [0x20000000, 'pid'],
  [0x40000000, 'net'],
];

/** The flags of clone, clone3, unshare and setns by name. */
export function cloneFlags(syscall: string, flags: number): string[] {
  const signal = flags % 0x100;
  const names = flagNames(flags - signal, CLONE);
  // In clone the byte is a signal; elsewhere it can hold CLONE_NEWTIME.
  if (syscall !== 'clone' && signal & NEWTIME) names.push('CLONE_NEWTIME');
  return names;
}

/** The kinds of namespaces that such flags ask for: `mnt`, `pid`, `net` … */
export function namespacesOf(syscall: string, flags: number): string[] {
  const kinds = NAMESPACES.filter(([bit]) => Math.floor(flags / bit) % 2 === 1).map(([, kind]) => kind);
  if (syscall !== 'clone' && flags & NEWTIME) kinds.push('time');
  return kinds;
}

/** mount(2): MS_*. */
export const MOUNT_FLAGS: Table = [
  [0x1, 'MS_RDONLY'],
  [0x2, 'MS_NOSUID'],
  [0x4, 'MS_NODEV'],
  [0x8, 'MS_NOEXEC'],
  [0x10, 'MS_SYNCHRONOUS'],
  [0x20, 'MS_REMOUNT'],
  [0x40, 'MS_MANDLOCK'],
  [0x80, 'MS_DIRSYNC'],
  [0x100, 'MS_NOSYMFOLLOW'],
  [0x400, 'MS_NOATIME'],
  [0x800, 'MS_NODIRATIME'],
  [0x1000, 'MS_BIND'],
  [0x2000, 'MS_MOVE'],
  [0x4000, 'MS_REC'],
  [0x8000, 'MS_SILENT'],
  [0x10000, 'MS_POSIXACL'],
  [0x20000, 'MS_UNBINDABLE'],
  [0x40000, 'MS_PRIVATE'],
  [0x80000, 'MS_SLAVE'],
  [0x100000, 'MS_SHARED'],
  [0x200000, 'MS_RELATIME'],
  [0x800000, 'MS_I_VERSION'],
  [0x1000000, 'MS_STRICTATIME'],
  [0x2000000, 'MS_LAZYTIME'],
];

/** umount2(2). */
export const UMOUNT_FLAGS: Table = [
  [1, 'MNT_FORCE'],
  [2, 'MNT_DETACH'],
  [4, 'MNT_EXPIRE'],
  [8, 'UMOUNT_NOFOLLOW'],
];

const MOVE_MOUNT: Table = [
  [0x1, 'MOVE_MOUNT_F_SYMLINKS'],
  [0x2, 'MOVE_MOUNT_F_AUTOMOUNTS'],
  [0x4, 'MOVE_MOUNT_F_EMPTY_PATH'],
  [0x10, 'MOVE_MOUNT_T_SYMLINKS'],
  [0x20, 'MOVE_MOUNT_T_AUTOMOUNTS'],
  [0x40, 'MOVE_MOUNT_T_EMPTY_PATH'],
  [0x100, 'MOVE_MOUNT_SET_GROUP'],
  [0x200, 'MOVE_MOUNT_BENEATH'],
];
const FSMOUNT: Table = [[1, 'FSMOUNT_CLOEXEC']];
const AT: Table = [
  [0x1, 'OPEN_TREE_CLONE'],
  [0x100, 'AT_SYMLINK_NOFOLLOW'],
  [0x800, 'AT_NO_AUTOMOUNT'],
  [0x1000, 'AT_EMPTY_PATH'],
  [0x8000, 'AT_RECURSIVE'],
  [0x80000, 'OPEN_TREE_CLOEXEC'],
];

/** linux/mount.h: MOUNT_ATTR_*, for fsmount and mount_setattr. */
export const MOUNT_ATTRIBUTES: Table = [
  [0x1, 'MOUNT_ATTR_RDONLY'],
  [0x2, 'MOUNT_ATTR_NOSUID'],
  [0x4, 'MOUNT_ATTR_NODEV'],
  [0x8, 'MOUNT_ATTR_NOEXEC'],
  [0x10, 'MOUNT_ATTR_NOATIME'],
  [0x20, 'MOUNT_ATTR_STRICTATIME'],
  [0x80, 'MOUNT_ATTR_NODIRATIME'],
  [0x100000, 'MOUNT_ATTR_IDMAP'],
  [0x200000, 'MOUNT_ATTR_NOSYMFOLLOW'],
];

/** Which names the flags of a mount call have. */
export const MOUNT_CALLS: Readonly<Record<string, Table>> = {
  mount: MOUNT_FLAGS,
  move_mount: MOVE_MOUNT,
  fsmount: FSMOUNT,
  open_tree: AT,
  mount_setattr: AT,
};

/** seccomp(2): SECCOMP_FILTER_FLAG_*. */
export const SECCOMP_FLAGS: Table = [
  [0x1, 'TSYNC'],
  [0x2, 'LOG'],
  [0x4, 'SPEC_ALLOW'],
  [0x8, 'NEW_LISTENER'],
  [0x10, 'TSYNC_ESRCH'],
  [0x20, 'WAIT_KILLABLE_RECV'],
];

/** The operations of seccomp(2) by number. */
export const SECCOMP_OPERATIONS = [
  'SECCOMP_SET_MODE_STRICT',
  'SECCOMP_SET_MODE_FILTER',
  'SECCOMP_GET_ACTION_AVAIL',
  'SECCOMP_GET_NOTIF_SIZES',
] as const;
