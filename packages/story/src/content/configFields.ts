/**
 * What each field of config.json is for, in the order of the file: one sentence a field, by its path. What stands for
 * several fields stands at their parent.
 */
export const CONFIG_FIELDS: Readonly<Record<string, string>> = {
  ociVersion:
    'The version of the OCI runtime spec that this file keeps to: the runtime refuses one that it does not know.',
  'process.terminal': 'Whether the process gets a pseudo-terminal in place of pipes.',
  'process.user':
    'The ids that the process has inside. Names are looked up before: the runtime knows numbers alone.',
  'process.args': 'The program and its arguments, as execve(2) takes them. No shell stands between.',
  'process.env':
    'Its whole environment: the image’s variables, and then yours. Nothing is inherited from the host.',
  'process.cwd': 'The folder that it starts in, inside the container. It must be an absolute path.',
  'process.capabilities':
    'Root’s rights, taken apart into some forty pieces. bounding is what can ever be had inside, effective what is had now.',
  'process.rlimits': 'Limits of the old kind, setrlimit(2): here for open files.',
  'process.noNewPrivileges':
    'With true no program inside gains rights by being started: setuid files lose their effect (prctl(2)).',
  'process.oomScoreAdj': 'How readily the kernel kills it when the memory of the whole host is used up.',
  'root.path':
    'The folder that becomes / inside: the image’s layers, laid over each other. Relative to the bundle.',
  'root.readonly': 'Whether / is mounted read-only.',
  hostname: 'The name that the process sees as the host’s, set in a uts namespace of its own.',
  domainname: 'Its NIS domain name. Hardly anybody needs it.',
  mounts:
    'What is mounted in the new root, in this order: /proc and /sys of its own, a small /dev, and the folders that you asked for.',
  hooks: 'Programs of the host that the runtime calls on the way, with the rights of the runtime.',
  annotations: 'Notes for whoever reads them. Some runtimes take orders from them.',
  'linux.namespaces':
    'What the process gets of its own. A kind that is missing here is shared with the host; with a path an existing one is joined.',
  'linux.uidMappings': 'Which user ids of the host those inside are, in a user namespace.',
  'linux.cgroupsPath': 'The cgroup to be made, as a path below each hierarchy.',
  'linux.resources.devices':
    'Which devices may be used: first none at all, then the harmless ones. The later rule counts.',
  'linux.resources.memory':
    'How much memory it may use, in bytes; with swap, memory and swap together. Past it the kernel kills.',
  'linux.resources.cpu': 'How much processor time: quota microseconds in each period.',
  'linux.resources.pids': 'How many processes and threads there may be at once.',
  'linux.seccomp':
    'Which system calls are let through. All others end with an error, before the kernel looks at their arguments.',
  'linux.sysctl': 'Settings of the kernel, those that a namespace has of its own.',
  'linux.maskedPaths':
    'Files of /proc and /sys that tell about the host: something empty is mounted over them.',
  'linux.readonlyPaths':
    'Files of /proc through which the host could be changed: they can be read and not written.',
};

/** The sentence for a field, or for what it is part of: `linux.resources.memory.limit` has that of `…memory`. */
export function configFieldStory(path: string): string | undefined {
  const parts = path.split('.').filter((part) => !/^\d+$/.test(part));
  for (let count = parts.length; count > 0; count--) {
    const known = CONFIG_FIELDS[parts.slice(0, count).join('.')];
    if (known !== undefined) return known;
  }
  return undefined;
}
