import type { SyscallRecord } from '@underdock/weave';
import { fieldOf, numberOf, pathOf, splitArguments, stringOf } from './straceLine.ts';

type Args = SyscallRecord['args'];
type Reader = (a: string[]) => Record<string, string | number | string[] | undefined>;

const ids =
  (...names: string[]): Reader =>
  (a) =>
    Object.fromEntries(names.map((name, n) => [name, numberOf(a[n])]));
const strings =
  (...names: string[]): Reader =>
  (a) =>
    Object.fromEntries(names.map((name, n) => [name, stringOf(a[n])]));
const words = (list: string | undefined): string[] | undefined =>
  list?.startsWith('[') ? splitArguments(list.slice(1, -1)).map((word) => stringOf(word) ?? word) : undefined;

// strace prints the two halves of a capability set as LOW|HIGH, and LOW alone where HIGH is empty.
function capabilities(a: string[]): Args {
  const sets: Args = {};
  for (const name of ['effective', 'permitted', 'inheritable']) {
    const [low = 0n, high = 0n] = (fieldOf(a[1], name) || '0').split('|').map(BigInt);
    const bits = low | (high << 32n);
    sets[name] = Number(bits & 0xffffffffn);
    sets[`${name}High`] = Number(bits >> 32n);
  }
  return sets;
}

function clone(a: string[]): Args {
  const field = a.find((one) => one.startsWith('flags='));
  return { flags: numberOf(field?.slice('flags='.length)) };
}

const READERS: Readonly<Record<string, Reader>> = {
  clone,
  clone3: (a) => ({ flags: numberOf(fieldOf(a[0], 'flags')) }),
  fork: () => ({}),
  vfork: () => ({}),
  unshare: ids('flags'),
  setns: (a) => ({
    fd: numberOf(a[0]),
    flags: numberOf(a[1]),
    inode: Number(/\[(\d+)\]/.exec(pathOf(a[0]) ?? '')?.[1]) || undefined,
  }),
  mount: (a) => ({
    source: stringOf(a[0]),
    target: stringOf(a[1]),
    fstype: stringOf(a[2]),
    flags: numberOf(a[3]),
    data: stringOf(a[4]),
  }),
  move_mount: (a) => ({
    from_dfd: numberOf(a[0]),
    source: stringOf(a[1]),
    to_dfd: numberOf(a[2]),
    target: stringOf(a[3]),
    flags: numberOf(a[4]),
    targetPath: pathOf(a[2]),
  }),
  fsmount: ids('fd', 'flags', 'attr_flags'),
  open_tree: (a) => ({ dfd: numberOf(a[0]), target: stringOf(a[1]), flags: numberOf(a[2]) }),
  mount_setattr: (a) => ({
    dfd: numberOf(a[0]),
    target: stringOf(a[1]),
    flags: numberOf(a[2]),
    attr_set: numberOf(fieldOf(a[3], 'attr_set')),
    attr_clr: numberOf(fieldOf(a[3], 'attr_clr')),
  }),
  umount2: (a) => ({ target: stringOf(a[0]), flags: numberOf(a[1]) }),
  pivot_root: strings('newRoot', 'putOld'),
  chroot: strings('path'),
  sethostname: strings('hostname'),
  capset: capabilities,
  prctl: (a) => ({
    option: numberOf(a[0]),
    arg2: numberOf(a[1]),
    arg3: a[2] && a[2] !== 'NULL' ? 1 : 0,
    length: numberOf(fieldOf(a[2], 'len')),
  }),
  seccomp: (a) => ({
    op: numberOf(a[0]),
    flags: numberOf(a[1]),
    uargs: a[2] === 'NULL' ? 0 : 1,
    length: numberOf(fieldOf(a[2], 'len')),
  }),
  setuid: ids('uid'),
  setreuid: ids('ruid', 'euid'),
  setresuid: ids('ruid', 'euid', 'suid'),
  setgid: ids('gid'),
  setregid: ids('rgid', 'egid'),
  setresgid: ids('rgid', 'egid', 'sgid'),
  setgroups: ids('count'),
  execve: (a) => ({ path: stringOf(a[0]), argv: words(a[1]) }),
  execveat: (a) => ({ path: stringOf(a[1]) || pathOf(a[0]), argv: words(a[2]) }),
  kill: ids('targetPid', 'signal'),
  tgkill: ids('targetPid', 'targetTid', 'signal'),
  pidfd_send_signal: ids('fd', 'signal'),
  write: (a) => ({ fd: numberOf(a[0]), file: pathOf(a[0]), value: stringOf(a[1]) }),
  pwrite64: (a) => ({ fd: numberOf(a[0]), file: pathOf(a[0]), value: stringOf(a[1]) }),
  mkdir: strings('path'),
  mkdirat: (a) => ({ path: stringOf(a[1]), folder: pathOf(a[0]) }),
  rmdir: strings('path'),
  // AT_REMOVEDIR
  unlinkat: (a) => ({ path: stringOf(a[1]), folder: pathOf(a[0]), flags: numberOf(a[2]) }),
};

/** The calls that strace is asked to show; those that a kernel's table does not have are passed over by the `?`. */
export const STRACE_CALLS = Object.keys(READERS).map((name) => `?${name}`);

/** A call's arguments by name, as the probe names them; undefined for calls that are not told. */
export function straceArguments(name: string, args: string[]): Args | undefined {
  const read = READERS[name]?.(args);
  if (!read) return undefined;
  return Object.fromEntries(
    Object.entries(read).filter((entry): entry is [string, Args[string]] => entry[1] !== undefined),
  );
}
