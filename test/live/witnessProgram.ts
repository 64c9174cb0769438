/** One system call as the witness watches it: each has a probe of its own, and is told when it returns. */
interface Watched {
  call: string;
  /** Fields of the tracepoint, at most three numbers and two strings. */
  numbers?: string[];
  strings?: string[];
  when?: string;
}

const WATCHED: Watched[] = [
  { call: 'clone', numbers: ['clone_flags'], when: '(args->clone_flags & 0x10000) == 0' },
  { call: 'clone3', numbers: [], when: '(*(uint64*)uptr(args->uargs) & 0x10000) == 0' },
  { call: 'fork' },
  { call: 'vfork' },
  { call: 'unshare', numbers: ['unshare_flags'] },
  { call: 'setns', numbers: ['fd', 'flags'] },
  { call: 'mount', numbers: ['flags'], strings: ['dir_name', 'type'] },
  { call: 'move_mount', numbers: ['from_dfd', 'to_dfd', 'flags'], strings: ['to_pathname'] },
  { call: 'fsmount', numbers: ['fs_fd', 'flags'] },
  { call: 'open_tree', numbers: ['dfd', 'flags'], strings: ['filename'] },
  { call: 'mount_setattr', numbers: ['dfd', 'flags'], strings: ['path'] },
  // The tracepoint keeps the name that umount2 has inside the kernel.
  { call: 'umount', numbers: ['flags'], strings: ['name'] },
  { call: 'pivot_root', strings: ['new_root', 'put_old'] },
  { call: 'chroot', strings: ['filename'] },
  { call: 'sethostname', numbers: ['len'], strings: ['name'] },
  {
    call: 'prctl',
    numbers: ['option', 'arg2'],
    when: 'args->option == 22 || args->option == 24 || args->option == 38',
  },
  { call: 'seccomp', numbers: ['op', 'flags'] },
  { call: 'setuid', numbers: ['uid'] },
  { call: 'setreuid', numbers: ['ruid', 'euid'] },
  { call: 'setresuid', numbers: ['ruid', 'euid', 'suid'] },
  { call: 'setgid', numbers: ['gid'] },
  { call: 'setregid', numbers: ['rgid', 'egid'] },
  { call: 'setresgid', numbers: ['rgid', 'egid', 'sgid'] },
  { call: 'setgroups', numbers: ['gidsetsize'] },
  { call: 'execve', strings: ['filename'] },
  { call: 'execveat', numbers: ['fd', 'flags'] },
  { call: 'kill', numbers: ['pid', 'sig'] },
  { call: 'tgkill', numbers: ['tgid', 'pid', 'sig'] },
  { call: 'pidfd_send_signal', numbers: ['pidfd', 'sig'] },
];

const watched = ({ call, numbers = [], strings = [], when }: Watched): string => {
  const keep = [
    ...numbers.map((field, n) => `@n${n}[tid] = (uint64)args->${field};`),
    ...strings.map((field, n) => `@s${n}[tid] = (uint64)args->${field};`),
  ].join(' ');
  const told = `@in_${call}[tid] = 1; ${keep}`;
  const format = [...numbers.map(() => '%lx'), ...strings.map(() => '%s')].map((f) => `|${f}`).join('');
  const values = [
    ...numbers.map((_, n) => `, @n${n}[tid]`),
    ...strings.map((_, n) => `, str(uptr(@s${n}[tid]))`),
  ].join('');
  return `tracepoint:syscalls:sys_enter_${call} { ${when ? `if (${when}) { ${told} }` : told} }
tracepoint:syscalls:sys_exit_${call} /@in_${call}[tid]/ {
  printf("W|${call}|%d|%d|%d${format}\\n", pid, tid, args->ret${values}); delete(@in_${call}[tid]); }`;
};

// struct __user_cap_data_struct: effective, permitted
const CAPSET = `tracepoint:syscalls:sys_enter_capset { @cap[tid] = (uint64)args->data; }
tracepoint:syscalls:sys_exit_capset /@cap[tid]/ { $d = @cap[tid];
  printf("W|capset|%d|%d|%d|%lx|%lx\\n", pid, tid, args->ret, (uint64)*(uint32*)uptr($d), (uint64)*(uint32*)uptr($d + 4)); delete(@cap[tid]); }`;

// Writes are told by the kind of filesystem that the file lies on, by its name.
const WRITE = `tracepoint:syscalls:sys_enter_write {
  $t = (struct task_struct *)curtask; $f = (struct file *)*($t->files->fdt->fd + args->fd);
  $type = str($f->f_path.dentry->d_sb->s_type->name, 7);
  if ($type == "cgroup" || $type == "cgroup2") {
    printf("W|write|%d|%d|0|%s|%s\\n", pid, tid, str($f->f_path.dentry->d_name.name, 48), str(args->buf, args->count)); } }`;

const EVENTS = `
tracepoint:sched:sched_process_fork { printf("F|%d|%d|%d\\n", pid, tid, args->child_pid); }
tracepoint:sched:sched_process_exec { printf("X|exec|%d|%d|%d|%s\\n", pid, tid, args->old_pid, str(args->filename)); }
tracepoint:sched:sched_process_exit { $t = (struct task_struct *)curtask; if ($t->signal->live.counter == 0) { printf("X|exit|%d|%d|%x\\n", pid, tid, $t->exit_code); } }
tracepoint:cgroup:cgroup_mkdir { printf("X|mkdir|%d|%d|%d|%s\\n", pid, tid, args->root, str(args->path)); }
tracepoint:cgroup:cgroup_rmdir { printf("X|rmdir|%d|%d|%d|%s\\n", pid, tid, args->root, str(args->path)); }
tracepoint:cgroup:cgroup_attach_task { printf("X|attach|%d|%d|%d|%d|%s\\n", pid, tid, args->dst_root, args->pid, str(args->dst_path)); }
tracepoint:oom:mark_victim { printf("X|oom|%d|%d|%d\\n", pid, tid, args->pid); }
interval:ms:100 { printf("T|%llu\\n", nsecs); }
`;

/** The witness's program: the whole host, one probe for each call, strings read at the return, no lineage. */
export const WITNESS_PROGRAM = [EVENTS, ...WATCHED.map(watched), CAPSET, WRITE].join('\n');
