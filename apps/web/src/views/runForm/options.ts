/** One option of a run: its flag, how it is asked for, and what the kernel makes of it. */
export interface RunOption {
  /** The field of the run request. */
  key: string;
  flag: string;
  short?: string;
  label: string;
  kind: 'text' | 'list' | 'switch';
  group: 'limits' | 'view' | 'process' | 'rights' | 'run';
  example: string;
  /** What becomes of it, in one sentence. */
  becomes: string;
}

export const GROUPS: readonly { key: RunOption['group']; title: string }[] = [
  { key: 'limits', title: 'How much it may use' },
  { key: 'process', title: 'The process' },
  { key: 'view', title: 'What it sees' },
  { key: 'rights', title: 'What it may do' },
  { key: 'run', title: 'How this run goes' },
];

/** What a command line ends with; these have no flags. */
export const WHAT_RUNS: readonly RunOption[] = [
  {
    key: 'image',
    flag: '',
    label: 'Image',
    kind: 'text',
    group: 'run',
    example: 'starter',
    becomes:
      'Where the files come from. starter is built from this host’s own files and needs no network; any image of any registry works with one.',
  },
  {
    key: 'command',
    flag: '',
    label: 'Command',
    kind: 'text',
    group: 'run',
    example: '/bin/sh',
    becomes: 'What execve(2) starts inside. Without it, the image’s own command.',
  },
];

/** In the order in which a command line shows them. */
export const OPTIONS: readonly RunOption[] = [
  {
    key: 'via',
    flag: '--via',
    label: 'Way in',
    kind: 'text',
    group: 'run',
    example: 'embedded',
    becomes: 'Who is told to make the container, and so how many layers there are above the kernel.',
  },
  {
    key: 'bundle',
    flag: '--bundle',
    label: 'Bundle in place of an image',
    kind: 'text',
    group: 'run',
    example: '/srv/bundle',
    becomes:
      'With --via oci: a folder of this host with a config.json and a root filesystem, handed to the runtime as it is.',
  },
  {
    key: 'runtime',
    flag: '--runtime',
    label: 'Low-level runtime',
    kind: 'text',
    group: 'run',
    example: 'runc',
    becomes: 'This program asks the kernel for everything else on this page.',
  },
  {
    key: 'memory',
    flag: '--memory',
    short: '-m',
    label: 'Memory',
    kind: 'text',
    group: 'limits',
    example: '64m',
    becomes:
      'A number in the memory file of the container’s cgroup; who goes beyond it is killed by the kernel.',
  },
  {
    key: 'cpus',
    flag: '--cpus',
    label: 'CPUs',
    kind: 'text',
    group: 'limits',
    example: '0.5',
    becomes: 'A quota for each 100 ms in the cpu file of the cgroup; who has used it up waits for the next.',
  },
  {
    key: 'pidsLimit',
    flag: '--pids-limit',
    label: 'Processes',
    kind: 'text',
    group: 'limits',
    example: '100',
    becomes: 'A number in pids.max; past it, fork fails with EAGAIN.',
  },
  {
    key: 'name',
    flag: '--name',
    label: 'Name',
    kind: 'text',
    group: 'run',
    example: 'web',
    becomes: 'Only underdock’s engine knows it; the kernel has no names for containers.',
  },
  {
    key: 'hostname',
    flag: '--hostname',
    short: '-h',
    label: 'Host name',
    kind: 'text',
    group: 'view',
    example: 'diver',
    becomes: 'sethostname(2), called inside the container’s own uts namespace; the host keeps its name.',
  },
  {
    key: 'env',
    flag: '--env',
    short: '-e',
    label: 'Environment',
    kind: 'list',
    group: 'process',
    example: 'GREETING=hello',
    becomes: 'Strings that execve(2) hands to the process; recorded by name, never by value.',
  },
  {
    key: 'user',
    flag: '--user',
    short: '-u',
    label: 'User',
    kind: 'text',
    group: 'rights',
    example: '1000:1000',
    becomes: 'setuid(2) and setgid(2), shortly before the command is executed.',
  },
  {
    key: 'workdir',
    flag: '--workdir',
    short: '-w',
    label: 'Working folder',
    kind: 'text',
    group: 'process',
    example: '/tmp',
    becomes: 'chdir(2) inside the new root, before the command is executed.',
  },
  {
    key: 'entrypoint',
    flag: '--entrypoint',
    label: 'Entry point',
    kind: 'text',
    group: 'process',
    example: '/bin/sh',
    becomes: 'The program that execve(2) starts, in place of the one the image names.',
  },
  {
    key: 'volume',
    flag: '--volume',
    short: '-v',
    label: 'Folders of the host',
    kind: 'list',
    group: 'view',
    example: '/srv/www:/www:ro',
    becomes:
      'A bind mount: the same folder, seen in two places. Only below folders that underdock was started with.',
  },
  {
    key: 'mount',
    flag: '--mount',
    label: 'Mounts',
    kind: 'list',
    group: 'view',
    example: 'type=tmpfs,target=/scratch',
    becomes: 'mount(2) inside the container’s own mount namespace.',
  },
  {
    key: 'network',
    flag: '--network',
    label: 'Network',
    kind: 'text',
    group: 'view',
    example: 'none',
    becomes: 'none: a net namespace of its own, with loopback alone. host: no namespace, the host’s network.',
  },
  {
    key: 'readOnly',
    flag: '--read-only',
    label: 'Read-only root',
    kind: 'switch',
    group: 'rights',
    example: '',
    becomes: 'The root is mounted again with the read-only flag: writing gives EROFS.',
  },
  {
    key: 'capAdd',
    flag: '--cap-add',
    label: 'More capabilities',
    kind: 'list',
    group: 'rights',
    example: 'NET_ADMIN',
    becomes: 'One more of root’s powers is left in the sets that capset(2) writes.',
  },
  {
    key: 'capDrop',
    flag: '--cap-drop',
    label: 'Fewer capabilities',
    kind: 'list',
    group: 'rights',
    example: 'ALL',
    becomes: 'One of root’s powers is taken away for good, before the command starts.',
  },
  {
    key: 'interactive',
    flag: '--interactive',
    short: '-i',
    label: 'Keep input open',
    kind: 'switch',
    group: 'process',
    example: '',
    becomes: 'What you type here goes down a pipe to the process’s file descriptor 0.',
  },
  {
    key: 'tty',
    flag: '--tty',
    short: '-t',
    label: 'Give it a terminal',
    kind: 'switch',
    group: 'process',
    example: '',
    becomes: 'A pseudo-terminal instead of pipes: line editing, Ctrl-C, a size.',
  },
  {
    key: 'hold',
    flag: '--hold',
    label: 'Hold before start',
    kind: 'switch',
    group: 'run',
    example: '',
    becomes:
      'Stops between create and start: the container is built, its init process waits, and you can look.',
  },
  {
    key: 'keep',
    flag: '--keep',
    label: 'Keep it afterwards',
    kind: 'switch',
    group: 'run',
    example: '',
    becomes: 'The container’s folders stay after its exit, until you remove it.',
  },
  {
    key: 'plainHttp',
    flag: '--plain-http',
    label: 'Registry without TLS',
    kind: 'switch',
    group: 'run',
    example: '',
    becomes: 'The image is fetched over plain http: anybody on the way can read and change it.',
  },
];

/** What the page offers when nothing has been run yet. */
export const EXAMPLE =
  "underdock run --memory 64m --hostname diver starter /bin/sh -c 'echo hello from $(hostname); sleep 60'";
