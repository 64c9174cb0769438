import type { Achievement, Reason } from '@underdock/chain';

/** An achievement that traces are compared by. */
export interface AchievementWords {
  /** As a row is headed. */
  title: string;
  /** What counts for it. */
  means: string;
}

export const ACHIEVEMENT_WORDS: Readonly<Record<Achievement, AchievementWords>> = {
  ordered: {
    title: 'Order handed down',
    means:
      'The command, the requests that carry it from program to program, and what they write down for the next.',
  },
  image: {
    title: 'Image there',
    means:
      'The image is found by its name, and its parts are fetched and checked, as far as they are not there yet.',
  },
  filesystem: {
    title: 'Filesystem ready',
    means: 'Layers are unpacked and stacked to the one tree that the container will see as its root.',
  },
  sandbox: {
    title: 'Pod sandbox there',
    means:
      'A pause process holds the namespaces that all containers of a pod share. Only the CRI asks for one.',
  },
  isolation: {
    title: 'Isolation made',
    means: 'The runtime asks the kernel for namespaces, mounts, a root of its own, and takes rights away.',
  },
  limits: {
    title: 'Limits set',
    means: 'Cgroups are made, limits are written into their files, and the process is put into them.',
  },
  process: {
    title: 'Process running',
    means: 'The waiting process is let go, becomes the program that was asked for, and runs to its end.',
  },
  cleanup: {
    title: 'Cleaned up',
    means: 'Process, cgroups, mounts and notes are taken away again.',
  },
};

export const REASON_WORDS: Readonly<Record<Reason, string>> = {
  'was-there': 'on this host already',
  'facts-alone': 'its outcome was read; who did it was not seen',
  'not-watched': 'nobody watched the kernel',
  'no-evidence': 'this trace tells nothing of it',
  'not-so-far': 'not so far in this trace',
  'broke-before': 'the chain broke before it',
  'not-on-this-road': 'there is none on this road',
};

/** What the values of a diff are, by the beginning of their names; the longest that fits counts. */
export const VALUE_WORDS: Readonly<Record<string, string>> = {
  ociVersion: 'the version of the OCI runtime specification that this file follows',
  'process.terminal': 'whether the process gets a terminal',
  'process.user': 'user and groups of the process, as numbers',
  'process.args': 'the program and its arguments',
  'process.env': 'a variable in the process’s environment',
  'process.cwd': 'the folder in which the process begins',
  'process.capabilities': 'pieces of root’s power that the process has or may get',
  'process.rlimits': 'a limit of a single process, such as how many files it may open',
  'process.noNewPrivileges': 'whether the process and its children can never gain rights',
  'process.oomScoreAdj': 'how early the kernel kills it when memory runs out',
  'process.apparmorProfile': 'rules of AppArmor for the process',
  'process.selinuxLabel': 'its label for SELinux',
  'root.path': 'the folder that becomes its root',
  'root.readonly': 'whether it may write to its root',
  hostname: 'the host name that it sees',
  mounts: 'what is mounted over its root, and how',
  hooks: 'a program that the runtime calls on its way, such as one that sets up the network',
  annotations: 'notes for other programs; the kernel knows nothing of them',
  'linux.namespaces': 'a kind of thing of which the process gets its own view',
  'linux.uidMappings': 'which users outside its users inside are',
  'linux.gidMappings': 'which groups outside its groups inside are',
  'linux.cgroupsPath': 'where its cgroups lie',
  'linux.resources.memory.limit': 'the most memory, in bytes',
  'linux.resources.memory.swap': 'the most memory and swap together, in bytes',
  'linux.resources.memory.reservation': 'memory that is left to it when the host runs short, in bytes',
  'linux.resources.memory.disableOOMKiller':
    'whether the kernel lets it wait and does not kill it when its memory is used up',
  'linux.resources.cpu.quota': 'the processor time in each period, in µs',
  'linux.resources.cpu.period': 'the period that the quota is for, in µs',
  'linux.resources.cpu.shares': 'its share of the processors when several want them',
  'linux.resources.cpu.cpus': 'the processors that it may use',
  'linux.resources.cpu.mems': 'the memory nodes that it may use',
  'linux.resources.pids': 'the most processes',
  'linux.resources.devices': 'a rule about which devices it may use',
  'linux.resources.blockIO': 'its share of reading and writing disks',
  'linux.resources.unified': 'a value for a file of cgroup v2',
  'linux.seccomp': 'a filter that decides which system calls the kernel takes from it',
  'linux.maskedPaths': 'files of /proc and /sys that are hidden from it',
  'linux.readonlyPaths': 'files of /proc and /sys that it may only read',
  'linux.sysctl': 'a setting of the kernel for its namespaces alone',
  'linux.devices': 'a device file that the runtime makes for it',
  'linux.rootfsPropagation': 'whether mounts made later pass between host and container',
  'namespace mnt': 'which mounts it sees',
  'namespace pid': 'which processes it sees',
  'namespace net': 'which network devices, addresses and ports it has',
  'namespace uts': 'which host name it sees',
  'namespace ipc': 'which shared memory and message queues it sees',
  'namespace user': 'which users and rights count for it',
  'namespace cgroup': 'where its tree of cgroups begins',
  'namespace time': 'which uptime its clocks show',
  mount: 'a filesystem in its tree: kind, whether it can be written, options',
  capabilities: 'pieces of root’s power in force for it when it was last seen, before its program began',
  'capabilities it can never get': 'taken out of its bounding set: no program that it becomes has them',
  seccomp: 'whether a filter decides about its system calls',
  'no-new-privs': 'whether it and its children can never gain rights',
  user: 'user and group that it runs as',
  'memory limit': 'the most memory',
  'memory reservation': 'memory that is left to it when the host runs short',
  'memory.memsw': 'the most memory and swap together',
  'memory.swap': 'the most swap',
  'memory.kmem': 'the most memory of the kernel for it, a file of old kernels',
  'cpu limit': 'the most processor time, as a number of processors',
  'cpu.shares': 'its share of the processors when several want them (cgroup v1)',
  'cpu.weight': 'its share of the processors when several want them (cgroup v2)',
  'pids limit': 'the most processes',
  'cpuset.cpus': 'the processors that it may use',
  'cpuset.mems': 'the memory nodes that it may use',
  'devices.allow': 'devices that it may use, one rule a line',
  'devices.deny': 'devices that it may not use: all, before some are allowed',
  'freezer.state': 'whether its processes are held still, as some runtimes do while they change rules',
  'hugetlb.': 'the most memory in huge pages',
  cgroup: 'where its cgroups lie',
  controllers: 'what is counted and limited in cgroups of its own',
};
