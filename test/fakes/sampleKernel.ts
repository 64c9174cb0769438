import { CHILD, ID, INIT, RUNC, type Sample, UNDERDOCK } from './sampleWriter.ts';

const KINDS = ['mnt', 'pid', 'net', 'uts', 'ipc', 'cgroup'];
const CGROUP = `/underdock/${ID.slice(0, 12)}`;
const BUNDLE = '/var/lib/underdock/runs/sample';
const WHY = ['s24'];

/** The runtime builds the container, or fails to; then what came to be is read back. */
export function create(sample: Sample, fails: boolean): void {
  const argv = ['runc', 'create', '--bundle', BUNDLE, ID];
  const asked = { runtime: 'runc', argv, bundle: BUNDLE };
  sample.begin('low-level/create', 'low-level', UNDERDOCK, 's24', asked, ['s2', 's1']);
  const exec = { syscall: 'execve', path: '/usr/sbin/runc', argv };
  sample.log('kernel/execve', 'kernel', RUNC, exec, WHY);
  buildKernel(sample);
  if (fails) {
    const message = 'there is no /bin/shh in the image';
    const remedy = 'check the command, or look into the image with ls';
    const failed = { exitCode: 1, error: 'ENOENT', message, remedy };
    sample.end('low-level/create', 'low-level', UNDERDOCK, 's24', failed);
    return;
  }
  const filter = { syscall: 'seccomp', operation: 'SET_MODE_FILTER', instructions: 412 };
  sample.act('kernel/no-new-privs', 'kernel', INIT, 's30', { syscall: 'prctl' }, WHY);
  sample.act('kernel/seccomp', 'kernel', INIT, 's31', filter, WHY);
  sample.end('low-level/create', 'low-level', UNDERDOCK, 's24', { exitCode: 0, pid: 4108 });
  readBack(sample);
}

function buildKernel(sample: Sample): void {
  const flags = ['NEWNS', 'NEWUTS', 'NEWIPC', 'NEWPID', 'NEWNET'];
  const namespaces = KINDS.filter((kind) => kind !== 'cgroup');
  sample.act('kernel/unshare', 'kernel', CHILD, 's25', { syscall: 'unshare', flags, namespaces }, WHY);
  const made = { path: CGROUP, hierarchy: 0, controllers: ['memory', 'pids', 'cpu'] };
  sample.log('kernel/cgroup-mkdir', 'kernel', RUNC, made, WHY);
  const limits = [
    ['s26', 'memory.max', '67108864'],
    ['s27', 'pids.max', '256'],
  ] as const;
  for (const [span, name, value] of limits) {
    const written = {
      syscall: 'write',
      file: `/sys/fs/cgroup${CGROUP}/${name}`,
      name,
      value,
      controllers: [],
    };
    sample.act('kernel/cgroup-write', 'kernel', RUNC, span, written, WHY);
  }
  for (const [i, target] of ['/proc', '/dev', '/dev/pts', '/sys', '/dev/shm', '/dev/mqueue'].entries()) {
    const mount = { syscall: 'mount', source: 'tmpfs', target, fstype: 'tmpfs', flags: ['MS_NOSUID'] };
    sample.act('kernel/mount', 'kernel', INIT, `m${i}`, mount, WHY);
  }
  const pivot = { syscall: 'pivot_root', newRoot: '.', putOld: '.' };
  sample.act('kernel/pivot-root', 'kernel', INIT, 's29', pivot, WHY);
}

function readBack(sample: Sample): void {
  const found = (step: string, data: object, span?: string) =>
    sample.fact(`kernel/${step}`, 'kernel', UNDERDOCK, data, span);
  for (const [i, kind] of KINDS.entries()) {
    const inodes = { inode: String(4026532201 + i), hostInode: String(4026531835 + i) };
    found('has-namespace', { kind, ...inodes, own: true, pid: 4108 }, 's25');
  }
  for (const kind of ['user', 'time']) {
    const shared = { inode: '4026531837', hostInode: '4026531837', own: false };
    found('has-namespace', { kind, ...shared, pid: 4108 }, 's25');
  }
  const limits = [
    ['s26', 'memory', 67_108_864, 1_900_000],
    ['s27', 'pids', 256, 1],
  ] as const;
  for (const [span, meaning, number, now] of limits) {
    const name = `${meaning}.max`;
    const file = {
      file: `/sys/fs/cgroup${CGROUP}/${name}`,
      name,
      value: String(number),
      controller: meaning,
    };
    found('has-cgroup-value', { ...file, meaning, number, now }, span);
  }
  const mounts = { '/': 'overlay', '/proc': 'proc', '/dev': 'tmpfs', '/dev/pts': 'devpts', '/sys': 'sysfs' };
  for (const [mountPoint, fstype] of Object.entries(mounts)) {
    const how = { options: ['rw'], readOnly: fstype === 'sysfs' };
    found('has-mount', { mountPoint, fstype, source: fstype, ...how });
  }
  found('has-restriction', { kind: 'seccomp', value: 'filter', pid: 4108 }, 's31');
  found('has-restriction', { kind: 'no-new-privs', value: true, pid: 4108 }, 's30');
  const kept = { value: ['CHOWN', 'KILL'], dropped: ['SYS_ADMIN', 'NET_ADMIN'] };
  found('has-restriction', { kind: 'capabilities', ...kept, pid: 4108 });
  const init = { pid: 4108, innerPid: 1, comm: 'runc:[2:INIT]', role: 'init', waiting: true, alive: true };
  sample.fact('process/has-process', 'process', UNDERDOCK, init);
  const created = { id: ID, name: 'brave-diver', state: 'created' };
  sample.fact('engine/has-container', 'engine', UNDERDOCK, created);
}
