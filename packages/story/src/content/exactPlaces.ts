import type { Reading } from './shape.ts';

/** Operations of Docker’s Engine API: method, path after the version, tag and name in its OpenAPI description. */
export const ENGINE_OPERATIONS: readonly (readonly [
  method: string,
  path: RegExp,
  tag: string,
  name: string,
])[] = [
  ['POST', /^\/containers\/create$/, 'Container', 'ContainerCreate'],
  ['GET', /^\/containers\/json$/, 'Container', 'ContainerList'],
  ['GET', /^\/containers\/[^/]+\/json$/, 'Container', 'ContainerInspect'],
  ['GET', /^\/containers\/[^/]+\/logs$/, 'Container', 'ContainerLogs'],
  ['GET', /^\/containers\/[^/]+\/stats$/, 'Container', 'ContainerStats'],
  ['GET', /^\/containers\/[^/]+\/top$/, 'Container', 'ContainerTop'],
  ['POST', /^\/containers\/[^/]+\/attach$/, 'Container', 'ContainerAttach'],
  ['POST', /^\/containers\/[^/]+\/wait$/, 'Container', 'ContainerWait'],
  ['POST', /^\/containers\/[^/]+\/start$/, 'Container', 'ContainerStart'],
  ['POST', /^\/containers\/[^/]+\/stop$/, 'Container', 'ContainerStop'],
  ['POST', /^\/containers\/[^/]+\/kill$/, 'Container', 'ContainerKill'],
  ['POST', /^\/containers\/[^/]+\/restart$/, 'Container', 'ContainerRestart'],
  ['POST', /^\/containers\/[^/]+\/pause$/, 'Container', 'ContainerPause'],
  ['POST', /^\/containers\/[^/]+\/unpause$/, 'Container', 'ContainerUnpause'],
  ['POST', /^\/containers\/[^/]+\/update$/, 'Container', 'ContainerUpdate'],
  ['POST', /^\/containers\/[^/]+\/rename$/, 'Container', 'ContainerRename'],
  ['POST', /^\/containers\/[^/]+\/resize$/, 'Container', 'ContainerResize'],
  ['DELETE', /^\/containers\/[^/]+$/, 'Container', 'ContainerDelete'],
  ['POST', /^\/containers\/[^/]+\/exec$/, 'Exec', 'ContainerExec'],
  ['POST', /^\/exec\/[^/]+\/start$/, 'Exec', 'ExecStart'],
  ['POST', /^\/exec\/[^/]+\/resize$/, 'Exec', 'ExecResize'],
  ['GET', /^\/exec\/[^/]+\/json$/, 'Exec', 'ExecInspect'],
  ['POST', /^\/images\/create$/, 'Image', 'ImageCreate'],
  ['GET', /^\/images\/json$/, 'Image', 'ImageList'],
  ['GET', /^\/images\/.+\/json$/, 'Image', 'ImageInspect'],
  ['GET', /^\/images\/.+\/history$/, 'Image', 'ImageHistory'],
  ['POST', /^\/images\/.+\/push$/, 'Image', 'ImagePush'],
  ['POST', /^\/images\/.+\/tag$/, 'Image', 'ImageTag'],
  ['DELETE', /^\/images\/.+$/, 'Image', 'ImageDelete'],
  ['POST', /^\/build$/, 'Image', 'ImageBuild'],
  ['GET', /^\/networks$/, 'Network', 'NetworkList'],
  ['POST', /^\/networks\/create$/, 'Network', 'NetworkCreate'],
  ['POST', /^\/networks\/[^/]+\/connect$/, 'Network', 'NetworkConnect'],
  ['POST', /^\/networks\/[^/]+\/disconnect$/, 'Network', 'NetworkDisconnect'],
  ['GET', /^\/networks\/[^/]+$/, 'Network', 'NetworkInspect'],
  ['DELETE', /^\/networks\/[^/]+$/, 'Network', 'NetworkDelete'],
  ['GET', /^\/volumes$/, 'Volume', 'VolumeList'],
  ['POST', /^\/volumes\/create$/, 'Volume', 'VolumeCreate'],
  ['GET', /^\/volumes\/[^/]+$/, 'Volume', 'VolumeInspect'],
  ['DELETE', /^\/volumes\/[^/]+$/, 'Volume', 'VolumeDelete'],
  ['GET', /^\/_ping$/, 'System', 'SystemPing'],
  ['HEAD', /^\/_ping$/, 'System', 'SystemPingHead'],
  ['GET', /^\/info$/, 'System', 'SystemInfo'],
  ['GET', /^\/version$/, 'System', 'SystemVersion'],
  ['GET', /^\/events$/, 'System', 'SystemEvents'],
];

/** The .proto file of a service, by the beginning of its name, in the repository that defines it. */
export const PROTO_FILES: readonly (readonly [
  service: RegExp,
  place: (version: string, name: string) => Reading,
])[] = [
  [
    /^runtime\.(v1)\./,
    () => ({
      title: 'CRI: api.proto',
      href: 'https://github.com/kubernetes/cri-api/blob/master/pkg/apis/runtime/v1/api.proto',
    }),
  ],
  [
    /^containerd\.task\.(v[23])\./,
    (version) => ({
      title: `containerd: shim.proto, ${version}`,
      href: `https://github.com/containerd/containerd/blob/main/api/runtime/task/${version}/shim.proto`,
    }),
  ],
  [/^containerd\.services\.namespaces\.(v1)\./, () => containerdProto('namespaces', 'namespace')],
  [
    /^containerd\.services\.(?=containers|content|diff|events|images|introspection|leases|sandbox|snapshots|tasks|transfer|version)[a-z]+\.(v1)\./,
    (_version, name) => containerdProto(name, name),
  ],
];

function containerdProto(folder: string, file: string): Reading {
  return {
    title: `containerd: ${file}.proto`,
    href: `https://github.com/containerd/containerd/blob/main/api/services/${folder}/v1/${file}.proto`,
  };
}

/** System calls whose manual page has another name than they have; the others that are named have one of their own. */
export const SYSCALL_PAGES: Readonly<Record<string, string>> = {
  clone: 'clone',
  clone3: 'clone',
  fork: 'fork',
  vfork: 'vfork',
  unshare: 'unshare',
  setns: 'setns',
  mount: 'mount',
  mount_setattr: 'mount_setattr',
  umount2: 'umount',
  pivot_root: 'pivot_root',
  chroot: 'chroot',
  sethostname: 'sethostname',
  capset: 'capset',
  prctl: 'prctl',
  seccomp: 'seccomp',
  setuid: 'setuid',
  setreuid: 'setreuid',
  setresuid: 'setresuid',
  setgid: 'setgid',
  setregid: 'setregid',
  setresgid: 'setresgid',
  setgroups: 'setgroups',
  execve: 'execve',
  execveat: 'execveat',
  kill: 'kill',
  tgkill: 'tgkill',
  pidfd_send_signal: 'pidfd_send_signal',
  write: 'write',
};

/** The manual’s overview of each kind of namespace. */
export const NAMESPACE_PAGES: Readonly<Record<string, string>> = {
  mnt: 'mount_namespaces',
  pid: 'pid_namespaces',
  net: 'network_namespaces',
  uts: 'uts_namespaces',
  ipc: 'ipc_namespaces',
  user: 'user_namespaces',
  cgroup: 'cgroup_namespaces',
  time: 'time_namespaces',
};

/** Sections of the kernel’s documentation on cgroup version 2, by the beginning of a file’s name. */
export const CGROUP2_SECTIONS: Readonly<Record<string, string>> = {
  memory: 'memory-interface-files',
  cpu: 'cpu-interface-files',
  pids: 'pid-interface-files',
  io: 'io-interface-files',
  cpuset: 'cpuset-interface-files',
  cgroup: 'core-interface-files',
};

/** Pages of the kernel’s documentation on cgroup version 1, by the beginning of a file’s name. */
export const CGROUP1_PAGES: Readonly<Record<string, string>> = {
  memory: 'admin-guide/cgroup-v1/memory.html',
  cpu: 'scheduler/sched-bwc.html',
  cpuacct: 'admin-guide/cgroup-v1/cpuacct.html',
  cpuset: 'admin-guide/cgroup-v1/cpusets.html',
  pids: 'admin-guide/cgroup-v1/pids.html',
  devices: 'admin-guide/cgroup-v1/devices.html',
  freezer: 'admin-guide/cgroup-v1/freezer-subsystem.html',
  blkio: 'admin-guide/cgroup-v1/blkio-controller.html',
  hugetlb: 'admin-guide/cgroup-v1/hugetlb.html',
};
