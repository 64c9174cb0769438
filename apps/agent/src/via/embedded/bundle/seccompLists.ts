/** System calls of one purpose. */
export interface SyscallGroup {
  purpose: string;
  names: string[];
}

const group = (purpose: string, text: string): SyscallGroup => ({
  purpose,
  names: text.trim().split(/\s+/),
});

/** What every container may call: it touches only what the container already owns or was given. */
export const ALLOWED: readonly SyscallGroup[] = [
  group(
    'Open, read and write files that permissions already guard.',
    `open openat openat2 creat close close_range read readv pread64 preadv preadv2 write writev pwrite64 pwritev pwritev2
     lseek _llseek sendfile sendfile64 splice tee vmsplice copy_file_range readahead fadvise64 fadvise64_64 arm_fadvise64_64
     dup dup2 dup3 fcntl fcntl64 flock ioctl pipe pipe2 sync sync_file_range sync_file_range2 syncfs fsync fdatasync
     truncate truncate64 ftruncate ftruncate64 fallocate cachestat`,
  ),
  group(
    'Look at and change names, links, owners, modes and times within the container’s own tree.',
    `stat stat64 lstat lstat64 fstat fstat64 newfstatat fstatat64 statx statfs statfs64 fstatfs fstatfs64 statmount listmount
     access faccessat faccessat2 getdents getdents64 getcwd chdir fchdir mkdir mkdirat rmdir rename renameat renameat2
     link linkat unlink unlinkat symlink symlinkat readlink readlinkat mknod mknodat umask
     chmod fchmod fchmodat fchmodat2 chown chown32 fchown fchown32 fchownat lchown lchown32
     utime utimes utimensat utimensat_time64 futimesat name_to_handle_at`,
  ),
  group(
    'Extended attributes, which carry file capabilities and access lists.',
    `getxattr lgetxattr fgetxattr getxattrat setxattr lsetxattr fsetxattr setxattrat listxattr llistxattr flistxattr
     listxattrat removexattr lremovexattr fremovexattr removexattrat`,
  ),
  group(
    'Be told of changes to files (fanotify_init asks for its own capability).',
    'inotify_init inotify_init1 inotify_add_watch inotify_rm_watch fanotify_mark',
  ),
  group(
    'Wait for several descriptors at once.',
    `select _newselect pselect6 pselect6_time64 poll ppoll ppoll_time64 epoll_create epoll_create1 epoll_ctl epoll_ctl_old
     epoll_wait epoll_wait_old epoll_pwait epoll_pwait2 eventfd eventfd2 signalfd signalfd4`,
  ),
  group(
    'Input and output that completes later, the older interface (io_uring is denied: its ring goes round this filter).',
    'io_setup io_destroy io_submit io_cancel io_getevents io_pgetevents io_pgetevents_time64',
  ),
  group(
    'A process’s own memory.',
    `brk mmap mmap2 munmap mremap mprotect pkey_alloc pkey_free pkey_mprotect madvise process_madvise mincore msync
     mlock mlock2 munlock mlockall munlockall memfd_create memfd_secret membarrier mseal map_shadow_stack
     remap_file_pages process_mrelease`,
  ),
  group(
    'Start, name, wait for and end processes (clone has a rule of its own for its namespace flags).',
    `fork vfork execve execveat exit exit_group wait4 waitid waitpid pidfd_open pidfd_send_signal
     getpid getppid gettid getpgid getpgrp setpgid getsid setsid prctl arch_prctl set_tid_address set_thread_area
     get_thread_area set_robust_list get_robust_list rseq restart_syscall`,
  ),
  group(
    'Debug and read one’s own processes: the kernel checks that they are (ptrace(2), access mode checking).',
    'ptrace process_vm_readv process_vm_writev pidfd_getfd kcmp',
  ),
  group(
    'Signals and alarms.',
    `kill tkill tgkill pause alarm rt_sigaction rt_sigprocmask rt_sigpending rt_sigqueueinfo rt_sigreturn rt_sigsuspend
     rt_sigtimedwait rt_sigtimedwait_time64 rt_tgsigqueueinfo sigaltstack sigaction signal sigpending sigprocmask
     sigreturn sigsuspend getitimer setitimer`,
  ),
  group(
    'Read clocks, sleep and run timers (setting a clock asks for CAP_SYS_TIME).',
    `time times gettimeofday clock_gettime clock_gettime64 clock_getres clock_getres_time64 clock_nanosleep
     clock_nanosleep_time64 nanosleep timer_create timer_delete timer_getoverrun timer_gettime timer_gettime64
     timer_settime timer_settime64 timerfd_create timerfd_gettime timerfd_gettime64 timerfd_settime timerfd_settime64
     adjtimex clock_adjtime clock_adjtime64`,
  ),
  group('Locks between threads.', 'futex futex_time64 futex_waitv futex_wake futex_wait futex_requeue'),
  group(
    'Sockets (a rule of its own keeps the host’s virtual machine sockets out).',
    `socketpair socketcall bind connect listen accept accept4 getsockname getpeername getsockopt setsockopt shutdown
     send sendto sendmsg sendmmsg recv recvfrom recvmsg recvmmsg recvmmsg_time64`,
  ),
  group(
    'Messages, semaphores and shared memory: System V and POSIX, inside the ipc namespace.',
    `ipc msgget msgsnd msgrcv msgctl semget semop semctl semtimedop semtimedop_time64 shmget shmat shmdt shmctl
     mq_open mq_unlink mq_timedsend mq_timedsend_time64 mq_timedreceive mq_timedreceive_time64 mq_notify mq_getsetattr`,
  ),
  group(
    'Who one is, and becoming less: the kernel asks for CAP_SETUID and CAP_SETGID where it is more.',
    `getuid getuid32 geteuid geteuid32 getgid getgid32 getegid getegid32 getresuid getresuid32 getresgid getresgid32
     getgroups getgroups32 setuid setuid32 setgid setgid32 setreuid setreuid32 setregid setregid32
     setresuid setresuid32 setresgid setresgid32 setfsuid setfsuid32 setfsgid setfsgid32 setgroups setgroups32
     capget capset`,
  ),
  group(
    'Priorities, processors and limits of one’s own processes.',
    `nice getpriority setpriority ioprio_get ioprio_set getrlimit setrlimit ugetrlimit prlimit64 getrusage getcpu
     sched_yield sched_getaffinity sched_setaffinity sched_getparam sched_setparam sched_getscheduler sched_setscheduler
     sched_getattr sched_setattr sched_get_priority_min sched_get_priority_max sched_rr_get_interval
     sched_rr_get_interval_time64`,
  ),
  group('What the machine is.', 'uname sysinfo getrandom lsm_get_self_attr lsm_list_modules'),
  group(
    'Give up more: a process may filter itself and fence itself in.',
    'seccomp landlock_create_ruleset landlock_add_rule landlock_restrict_self lsm_set_self_attr',
  ),
];

/** What a processor family has for itself: old segment calls of x86, barriers and caches of ARM. */
export const ALLOWED_BY_ARCH: Readonly<Record<string, SyscallGroup>> = {
  x64: group('Segments of 32-bit x86 programs.', 'modify_ldt'),
  arm64: group(
    'Caches and thread pointers of 32-bit ARM programs.',
    'arm_sync_file_range breakpoint cacheflush set_tls',
  ),
};

/** What a capability opens: the kernel would ask for it too, so the filter follows it. */
export const ALLOWED_BY_CAPABILITY: Readonly<Record<string, SyscallGroup>> = {
  CAP_DAC_READ_SEARCH: group('Open a file by handle, past the folders above it.', 'open_by_handle_at'),
  CAP_SYS_ADMIN: group(
    'Mounts, namespaces, names and quotas: the administrator’s own.',
    `mount umount umount2 mount_setattr move_mount fsopen fsconfig fsmount fspick open_tree pivot_root setns unshare
     clone clone3 sethostname setdomainname quotactl quotactl_fd lookup_dcookie fanotify_init bpf perf_event_open syslog`,
  ),
  CAP_SYS_BOOT: group('Restart the machine or load another kernel.', 'reboot kexec_load kexec_file_load'),
  CAP_SYS_CHROOT: group('Another root folder for a process.', 'chroot'),
  CAP_SYS_MODULE: group('Load and unload parts of the kernel.', 'init_module finit_module delete_module'),
  CAP_SYS_PACCT: group('Process accounting.', 'acct'),
  CAP_SYS_PTRACE: group('Page faults of other processes.', 'userfaultfd'),
  CAP_SYS_RAWIO: group('Input and output ports of the processor.', 'iopl ioperm'),
  CAP_SYS_TIME: group('Set the machine’s clocks.', 'settimeofday stime clock_settime clock_settime64'),
  CAP_SYS_TTY_CONFIG: group('Hang up terminals.', 'vhangup'),
  CAP_SYS_NICE: group(
    'Memory placement of this and other processes.',
    'get_mempolicy mbind set_mempolicy set_mempolicy_home_node migrate_pages move_pages',
  ),
  CAP_SYSLOG: group('Read the kernel’s messages.', 'syslog'),
  CAP_BPF: group('Load programs into the kernel.', 'bpf'),
  CAP_PERFMON: group('Count what the processor does.', 'perf_event_open'),
};

/** Known calls that no flag opens: denied with EPERM, so that a program can tell "not allowed" from "not there". */
export const DENIED: readonly SyscallGroup[] = [
  group('Keys are not kept apart by namespaces.', 'add_key keyctl request_key'),
  group(
    'Rings of requests that the kernel carries out past this filter.',
    'io_uring_setup io_uring_enter io_uring_register',
  ),
  group(
    'Swap and the old file interfaces of the whole machine.',
    'swapon swapoff nfsservctl sysfs _sysctl ustat uselib',
  ),
  group(
    'Calls that the kernel once had, or that only old kernels answer.',
    'create_module get_kernel_syms query_module afs_syscall getpmsg putpmsg tuxcall security vserver vm86 vm86old',
  ),
];
