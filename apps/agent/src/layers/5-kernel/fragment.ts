import { FILE_OF_W, type Fragment, type SyscallProbe, TRACKED } from '../../probe/fragment.ts';

const THREAD = '0x10000';
const processes: SyscallProbe[] = [
  { name: 'clone', ids: [56, 220], when: `(A0 & ${THREAD}) == 0`, numbers: { flags: ['A0', 'u64'] } },
  {
    // struct clone_args: flags first, exit_signal at 32
    name: 'clone3',
    ids: [435, 435],
    setup: '$g = *(uint64*)uptr(A0); $h = *(uint64*)uptr(A0 + 32);',
    when: `($g & ${THREAD}) == 0`,
    numbers: { flags: ['$g', 'u64'], exit_signal: ['$h', 'u64'] },
  },
  { name: 'fork', ids: [57, null] },
  { name: 'vfork', ids: [58, null] },
  { name: 'unshare', ids: [272, 97], numbers: { flags: ['A0', 'u64'] } },
  {
    // Behind a namespace's descriptor lies a file on nsfs whose inode is the namespace's.
    name: 'setns',
    ids: [308, 268],
    setup: `$w = (uint64)(A0 & 0xffffffff); ${FILE_OF_W} $w = (uint64)0xffffffff;
    $g = (uint64)0; if ((uint64)$f != 0) { $g = (uint64)$f->f_inode->i_ino; }`,
    numbers: { fd: ['A0', 'i32'], flags: ['A1', 'u32'], inode: ['$g', 'u64'] },
  },
];

const mounts: SyscallProbe[] = [
  {
    name: 'mount',
    ids: [165, 40],
    numbers: { flags: ['A3', 'u64'] },
    strings: { target: 'A1', source: 'A0', fstype: 'A2', data: 'A4' },
    procPath: { name: 'targetPath', string: 0 },
  },
  {
    name: 'move_mount',
    ids: [429, 429],
    numbers: { from_dfd: ['A0', 'i32'], to_dfd: ['A2', 'i32'], flags: ['A4', 'u32'] },
    strings: { target: 'A3', source: 'A1' },
    fdPath: { name: 'targetPath', fd: 'A2' },
  },
  {
    name: 'fsmount',
    ids: [432, 432],
    numbers: { fd: ['A0', 'i32'], flags: ['A1', 'u32'], attr_flags: ['A2', 'u32'] },
  },
  {
    name: 'open_tree',
    ids: [428, 428],
    numbers: { dfd: ['A0', 'i32'], flags: ['A2', 'u32'] },
    strings: { target: 'A1' },
  },
  {
    // struct mount_attr: attr_set, attr_clr
    name: 'mount_setattr',
    ids: [442, 442],
    numbers: {
      dfd: ['A0', 'i32'],
      flags: ['A2', 'u32'],
      attr_set: ['*(uint64*)uptr(A3)', 'u64'],
      attr_clr: ['*(uint64*)uptr(A3 + 8)', 'u64'],
    },
    strings: { target: 'A1' },
  },
  { name: 'umount2', ids: [166, 39], numbers: { flags: ['A1', 'u32'] }, strings: { target: 'A0' } },
  { name: 'pivot_root', ids: [155, 41], strings: { newRoot: 'A0', putOld: 'A1' } },
  { name: 'chroot', ids: [161, 51], strings: { path: 'A0' } },
];

// struct __user_cap_data_struct {effective, permitted, inheritable}, twice: the low and the high 32 bits
const capData = (n: number) => [`*(uint32*)uptr(A1 + ${n * 4})`, 'u32'] as const;
const id = (register: string) => [register, 'i32'] as const;
const privileges: SyscallProbe[] = [
  { name: 'sethostname', ids: [170, 161], strings: { hostname: 'A0' }, length: 'A1' },
  {
    name: 'capset',
    ids: [126, 91],
    numbers: {
      effective: capData(0),
      permitted: capData(1),
      inheritable: capData(2),
      effectiveHigh: capData(3),
      permittedHigh: capData(4),
      inheritableHigh: capData(5),
    },
  },
  {
    // PR_SET_SECCOMP 22, PR_CAPBSET_DROP 24, PR_SET_NO_NEW_PRIVS 38
    name: 'prctl',
    ids: [157, 167],
    // struct sock_fprog, which installing a filter points to, begins with the number of instructions
    setup:
      '$g = A0 & 0xffffffff; $h = (uint64)0; if ($g == 22 && A2 != 0) { $h = (uint64)*(uint16*)uptr(A2); }',
    when: '$g == 22 || $g == 24 || $g == 38',
    numbers: {
      option: ['$g', 'u32'],
      arg2: ['A1', 'u64'],
      arg3: ['(A2 != 0)', 'u32'],
      length: ['$h', 'u32'],
    },
  },
  {
    // struct sock_fprog begins with the number of instructions
    name: 'seccomp',
    ids: [317, 277],
    setup: '$g = (uint64)0; if (A2 != 0) { $g = (uint64)*(uint16*)uptr(A2); }',
    numbers: { op: ['A0', 'u32'], flags: ['A1', 'u32'], uargs: ['(A2 != 0)', 'u32'], length: ['$g', 'u32'] },
  },
  { name: 'setuid', ids: [105, 146], numbers: { uid: id('A0') } },
  { name: 'setreuid', ids: [113, 145], numbers: { ruid: id('A0'), euid: id('A1') } },
  { name: 'setresuid', ids: [117, 147], numbers: { ruid: id('A0'), euid: id('A1'), suid: id('A2') } },
  { name: 'setgid', ids: [106, 144], numbers: { gid: id('A0') } },
  { name: 'setregid', ids: [114, 143], numbers: { rgid: id('A0'), egid: id('A1') } },
  { name: 'setresgid', ids: [119, 149], numbers: { rgid: id('A0'), egid: id('A1'), sgid: id('A2') } },
  { name: 'setgroups', ids: [116, 159], numbers: { count: ['A0', 'u32'] } },
];

const programs: SyscallProbe[] = [
  { name: 'execve', ids: [59, 221], strings: { path: 'A0' } },
  {
    name: 'execveat',
    ids: [322, 281],
    numbers: { fd: ['A0', 'i32'], flags: ['A4', 'u32'] },
    strings: { path: 'A1' },
    fdPath: { name: 'fdPath', fd: 'A0' },
  },
  { name: 'kill', ids: [62, 129], numbers: { targetPid: ['A0', 'i32'], signal: ['A1', 'i32'] } },
  {
    name: 'tgkill',
    ids: [234, 131],
    numbers: { targetPid: ['A0', 'i32'], targetTid: ['A1', 'i32'], signal: ['A2', 'i32'] },
  },
  { name: 'pidfd_send_signal', ids: [424, 424], numbers: { fd: ['A0', 'i32'], signal: ['A1', 'i32'] } },
];

// A write is told when the file lies on cgroup2 (0x63677270) or cgroup v1 (0x27e0eb): linux/magic.h.
const onCgroup = `$w = (uint64)(A0 & 0xffffffff); ${FILE_OF_W} $w = (uint64)0xffffffff;
    $g = (uint64)0; if ((uint64)$f != 0) { $g = (uint64)$f->f_inode->i_sb->s_magic; }`;
const isCgroup = '$g == 0x27e0eb || $g == 0x63677270';
const write = (name: string, ids: SyscallProbe['ids'], value: string, length: string): SyscallProbe => ({
  name,
  ids,
  setup: onCgroup,
  when: isCgroup,
  numbers: { fd: ['A0', 'i32'], device: ['$f->f_inode->i_sb->s_dev', 'u32'], magic: ['$g', 'u32'] },
  strings: { value },
  length,
  fdPath: { name: 'file', fd: 'A0' },
});
const writes: SyscallProbe[] = [
  write('write', [1, 64], 'A1', 'A2'),
  write('pwrite64', [18, 68], 'A1', 'A2'),
  // The first vector alone: nobody splits a cgroup value.
  write('writev', [20, 66], '*(uint64*)uptr(A1)', '*(uint64*)uptr(A1 + 8)'),
];

/** The system calls that are told. The index in this list names a call in the probe's output. */
export const SYSCALLS: readonly SyscallProbe[] = [
  ...processes,
  ...mounts,
  ...privileges,
  ...programs,
  ...writes,
];

/** What the kernel's layer contributes: system calls, cgroup events and the OOM killer's choice. */
export function kernelFragment(has: { oomDetail: boolean }): Fragment {
  const cgroup = (act: string) => ({
    needs: `cgroup:cgroup_${act}`,
    text: `tracepoint:cgroup:cgroup_${act} /${TRACKED}/ { printf("s %d 0 0:%s\\n", tid, str(args->path));
  printf("c ${act} %llu %d %d %d 0:%s\\n", nsecs, pid, tid, args->root, comm); }`,
  });
  const detail = has.oomDetail ? 'args->total_vm, args->anon_rss' : '(uint64)0, (uint64)0';
  return {
    syscalls: SYSCALLS,
    probes: [
      cgroup('mkdir'),
      cgroup('rmdir'),
      {
        needs: 'cgroup:cgroup_attach_task',
        text: `tracepoint:cgroup:cgroup_attach_task /${TRACKED} || @t[(uint64)args->pid]/ {
  printf("s %d 0 0:%s\\n", tid, str(args->dst_path));
  printf("s %d 1 0:%s\\n", tid, str(args->comm));
  printf("c attach %llu %d %d %d %d:%s\\n", nsecs, pid, tid, args->dst_root, args->pid, comm); }`,
      },
      {
        needs: 'oom:mark_victim',
        text: `tracepoint:oom:mark_victim { printf("o %llu %d %d %d %lu %lu:%s\\n", nsecs, pid, tid, args->pid, ${detail}, comm); }`,
      },
    ],
  };
}
