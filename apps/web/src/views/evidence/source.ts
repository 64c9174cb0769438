import type { Evidence, Grade } from '@underdock/trace';

/** How an event is known, in words for people. */
export const GRADE_WORDS: Readonly<Record<Grade, string>> = {
  observed: 'Observed: seen at the moment it happened.',
  'read-back': 'Read back: asked of the system afterwards.',
  inferred: 'Inferred: nobody saw it; it follows from what was seen.',
};

/** Where a piece of evidence came from, in words for people. */
export const SOURCE_WORDS: Readonly<Record<Evidence['source'], string>> = {
  tracepoint: 'a tracepoint in the kernel',
  uprobe: 'a probe in the program',
  http: 'an HTTP request',
  grpc: 'a gRPC call',
  events: 'the engine’s own events',
  'runtime-log': 'the runtime’s log',
  file: 'a file',
  procfs: '/proc',
  strace: 'strace',
  self: 'underdock itself, which did it',
};

const MAN: Readonly<Record<string, string>> = {
  'kernel/clone': 'clone(2)',
  'kernel/unshare': 'unshare(2)',
  'kernel/setns': 'setns(2)',
  'kernel/mount': 'mount(2)',
  'kernel/umount': 'umount(2)',
  'kernel/pivot-root': 'pivot_root(2)',
  'kernel/chroot': 'chroot(2)',
  'kernel/sethostname': 'sethostname(2)',
  'kernel/cgroup-mkdir': 'cgroups(7)',
  'kernel/cgroup-rmdir': 'cgroups(7)',
  'kernel/cgroup-attach': 'cgroups(7)',
  'kernel/cgroup-write': 'cgroups(7)',
  'kernel/has-cgroup': 'cgroups(7)',
  'kernel/has-cgroup-value': 'cgroups(7)',
  'kernel/has-namespace': 'namespaces(7)',
  'kernel/has-mount': 'mount_namespaces(7)',
  'kernel/has-restriction': 'capabilities(7)',
  'kernel/capset': 'capset(2)',
  'kernel/drop-bounding': 'capabilities(7)',
  'kernel/no-new-privs': 'prctl(2)',
  'kernel/seccomp': 'seccomp(2)',
  'kernel/setuid': 'setuid(2)',
  'kernel/setgid': 'setgid(2)',
  'kernel/setgroups': 'setgroups(2)',
  'kernel/execve': 'execve(2)',
  'kernel/exit': 'exit_group(2)',
  'kernel/kill': 'kill(2)',
  'process/has-process': 'pid_namespaces(7)',
};

const IMAGE_SPEC = 'https://github.com/opencontainers/image-spec/blob/main';
const DISTRIBUTION = 'https://github.com/opencontainers/distribution-spec/blob/main/spec.md';
const RUNTIME = 'https://github.com/opencontainers/runtime-spec/blob/main';
const SPECS: Readonly<Record<string, readonly [string, string]>> = {
  'high-level/resolve-image': ['OCI distribution: pulling manifests', `${DISTRIBUTION}#pulling-manifests`],
  'high-level/fetch-manifest': ['OCI image manifest', `${IMAGE_SPEC}/manifest.md`],
  'high-level/fetch-config': ['OCI image configuration', `${IMAGE_SPEC}/config.md`],
  'high-level/fetch-layer': ['OCI distribution: pulling blobs', `${DISTRIBUTION}#pulling-blobs`],
  'high-level/verify-layer': ['OCI descriptor: digests', `${IMAGE_SPEC}/descriptor.md#digests`],
  'high-level/unpack-layer': ['OCI image layers', `${IMAGE_SPEC}/layer.md`],
  'high-level/has-layer': ['OCI image layers', `${IMAGE_SPEC}/layer.md`],
  'high-level/prepare-snapshot': [
    'overlayfs, kernel documentation',
    'https://docs.kernel.org/filesystems/overlayfs.html',
  ],
  'high-level/write-config': ['OCI runtime configuration', `${RUNTIME}/config.md`],
  'low-level/create': ['OCI runtime: create', `${RUNTIME}/runtime.md#create`],
  'low-level/start': ['OCI runtime: start', `${RUNTIME}/runtime.md#start`],
  'low-level/state': ['OCI runtime: state', `${RUNTIME}/runtime.md#query-state`],
  'low-level/kill': ['OCI runtime: kill', `${RUNTIME}/runtime.md#kill`],
  'low-level/delete': ['OCI runtime: delete', `${RUNTIME}/runtime.md#delete`],
};

/** Where to read on about a step: the specification or the manual page. */
export function readOn(step: string): { name: string; href: string } | undefined {
  const spec = Object.hasOwn(SPECS, step) ? SPECS[step] : undefined;
  if (spec) return { name: spec[0], href: spec[1] };
  const page = Object.hasOwn(MAN, step) ? MAN[step] : undefined;
  const [, name, section] = /^(\w+)\((\d)\)$/.exec(page ?? '') ?? [];
  if (!page || !name || !section) return undefined;
  return { name: page, href: `https://man7.org/linux/man-pages/man${section}/${name}.${section}.html` };
}
