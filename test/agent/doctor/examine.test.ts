import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { type Check, doctorSchema } from '@underdock/trace';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { reportText } from '../../../apps/agent/src/cli/doctorCommand.ts';
import { examine } from '../../../apps/agent/src/doctor/examine.ts';
import { spaceCheck } from '../../../apps/agent/src/doctor/space.ts';
import { environmentOf } from '../../../apps/agent/src/doctor/surroundings.ts';
import { createSystem, type Said, type System } from '../../../apps/agent/src/doctor/system.ts';

let root: string;
beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'underdock-doctor-'));
});
afterEach(() => rmSync(root, { recursive: true }));

function put(files: Record<string, string>): void {
  for (const [path, text] of Object.entries(files)) {
    mkdirSync(dirname(join(root, path)), { recursive: true });
    writeFileSync(join(root, path), text);
  }
}

const OK: Said = { exitCode: 0, stdout: 'tool 1.0', stderr: '' };
const RUNC = { name: 'runc', path: '/usr/sbin/runc', version: '1.1.5' };

/** A folder that looks like a host, with programs that answer as said; those that are not named are not there. */
function host(more: Partial<System> = {}, programs: Record<string, Said> = {}): System {
  const system = createSystem({ DOCKER_HOST: 'tcp://elsewhere' }, root);
  const run = async ([file = '', ...args]: readonly string[]) =>
    programs[[file, ...args].join(' ')] ?? programs[file];
  return { ...system, platform: 'linux', uid: 0, run, ...more };
}

const V2 = '30 1 0:26 / /sys/fs/cgroup rw - cgroup2 cgroup2 rw\n';
const NAMESPACES = Object.fromEntries(
  ['mnt', 'pid', 'net', 'uts', 'ipc', 'user', 'cgroup'].map((kind) => [`/proc/self/ns/${kind}`, '']),
);

async function look(system: System, runtimes = [RUNC] as Parameters<typeof examine>[2]) {
  const report = await examine(system, root, runtimes, {});
  expect(doctorSchema.safeParse(report).error).toBeUndefined();
  const check = (name: string) => report.checks.find((one) => one.name === name) as Check;
  return { report, check };
}

describe('a good host', () => {
  test('has everything, and says what can be done', async () => {
    put({
      ...NAMESPACES,
      '/proc/self/mountinfo': V2,
      '/sys/fs/cgroup/cgroup.controllers': 'cpuset cpu io memory pids\n',
      '/sys/kernel/tracing/events/x': '',
      '/sys/kernel/btf/vmlinux': '',
      '/proc/self/status': 'Seccomp:\t0\n',
    });
    const { report } = await look(host({}, { unshare: OK, bpftrace: OK, strace: OK }));
    const bad = report.checks.filter((one) => one.state !== 'ok').map((one) => one.name);
    expect(bad.filter((name) => name !== 'port' && name !== 'space')).toEqual([
      'docker',
      'compose',
      'containerd',
      'CRI',
    ]);
    expect(report.can).toEqual({
      vias: ['embedded', 'oci'],
      runtimes: ['runc'],
      watch: ['bpftrace', 'strace', 'read-back'],
    });
  });
});

/** underdock has parts of its own for what these do: without them nothing is lost. */
const DISPENSABLE = ['docker', 'compose', 'containerd', 'CRI'];

test('every check that is not ok says what to do, and what it means unless underdock does well without', async () => {
  const runtimes = [{ name: 'runc', why: 'not installed' }];
  for (const system of [host(), host({ uid: 1000 }), host({ platform: 'darwin' })]) {
    const { report } = await look(system, runtimes);
    for (const check of report.checks.filter((one) => one.state !== 'ok')) {
      expect(check.remedy ?? '', check.name).not.toBe('');
      expect(check.effect === undefined, check.name).toBe(DISPENSABLE.includes(check.name));
    }
    expect(report.can.vias).toEqual([]);
  }
});

test('what is not installed comes with the commands of both families of distributions', async () => {
  const { check } = await look(host(), [{ name: 'runc', why: 'not installed' }]);
  for (const name of ['runc', 'bpftrace', 'strace', 'util-linux']) {
    expect(check(name)).toMatchObject({
      state: 'missing',
      remedy: expect.stringMatching(/apt-get install .*dnf install/),
    });
  }
});

test('no Linux at all means looking at traces only', async () => {
  const { report, check } = await look(host({ platform: 'darwin' }), []);
  expect(check('linux')).toMatchObject({
    state: 'missing',
    effect: expect.stringContaining('only recorded traces'),
  });
  expect(report.can).toEqual({ vias: [], runtimes: [], watch: [] });
});

describe('user namespaces that are forbidden name the setting', () => {
  test.each([
    ['/proc/sys/kernel/unprivileged_userns_clone', '0\n', 'sysctl -w kernel.unprivileged_userns_clone=1'],
    [
      '/proc/sys/kernel/apparmor_restrict_unprivileged_userns',
      '1\n',
      'sysctl -w kernel.apparmor_restrict_unprivileged_userns=0',
    ],
    ['/proc/sys/user/max_user_namespaces', '0\n', 'sysctl -w user.max_user_namespaces=15000'],
  ])('%s', async (file, value, remedy) => {
    put({ ...NAMESPACES, [file]: value });
    const refused = { exitCode: 1, stdout: '', stderr: 'unshare: Operation not permitted' };
    const { report, check } = await look(host({ uid: 1000 }, { unshare: refused }));
    expect(check('user namespaces')).toMatchObject({ state: 'missing', remedy: `as root: ${remedy}` });
    expect(report.can.vias).toEqual([]);
  });
});

describe('cgroups', () => {
  test('of the pure new layout without delegation are limited for an ordinary user, with the command that helps', async () => {
    put({
      '/proc/self/mountinfo': V2,
      '/sys/fs/cgroup/cgroup.controllers': 'cpu memory pids',
      '/proc/self/cgroup': '0::/user.slice\n',
    });
    expect((await look(host({ uid: 1000 }))).check('cgroups')).toMatchObject({
      state: 'limited',
      remedy: expect.stringContaining('systemd-run --user --scope -p Delegate=yes'),
    });
    put({ '/sys/fs/cgroup/user.slice/cgroup.controllers': 'cpu memory pids' });
    expect((await look(host({ uid: 1000 }))).check('cgroups').state).toBe('ok');
  });

  test('of the old layout that lack a controller say which', async () => {
    put({
      '/proc/self/mountinfo': '30 1 0:26 / /sys/fs/cgroup/cpu rw - cgroup cgroup rw,cpu\n',
      '/proc/cgroups':
        '#subsys_name\thierarchy\tnum_cgroups\tenabled\ncpu\t1\t1\t1\nmemory\t0\t1\t0\npids\t2\t1\t1\n',
    });
    expect((await look(host())).check('cgroups')).toMatchObject({
      state: 'limited',
      effect: 'no limits by memory',
    });
  });

  test('that are not there at all are missing', async () => {
    expect((await look(host())).check('cgroups').state).toBe('missing');
  });
});

test('BPF that the kernel’s lockdown refuses says so', async () => {
  put({ '/sys/kernel/security/lockdown': 'none [integrity] confidentiality\n' });
  const refused = { exitCode: 1, stdout: '', stderr: 'ERROR: failed' };
  const { check } = await look(host({}, { 'bpftrace --version': OK, bpftrace: refused }));
  expect(check('bpftrace')).toMatchObject({
    state: 'limited',
    found: expect.stringContaining('locked down (integrity)'),
  });
});

test('strace that Yama forbids says so', async () => {
  put({ '/proc/sys/kernel/yama/ptrace_scope': '3\n' });
  expect((await look(host({}, { strace: OK }))).check('strace')).toMatchObject({ state: 'limited' });
});

describe('where this Linux runs', () => {
  function namespaces(first: boolean): void {
    mkdirSync(join(root, 'proc/self/ns'), { recursive: true });
    for (const [kind, inode] of Object.entries({ pid: 4026531836, uts: 4026531838, ipc: 4026531839 })) {
      symlinkSync(`${kind}:[${first ? inode : inode + 500}]`, join(root, 'proc/self/ns', kind));
    }
  }

  test.each([
    [{ '/.dockerenv': '' }, ['docker']],
    [{ '/run/.containerenv': '' }, ['podman']],
    [{ '/proc/1/cgroup': '0::/kubepods/pod1\n' }, ['kubernetes']],
    [{ '/proc/1/environ': 'A=1\0container=lxc\0' }, ['lxc']],
    [{ '/proc/mounts': 'overlay / overlay rw 0 0\n' }, ['container']],
    [{ '/proc/version': 'Linux version 5.15.90.1-microsoft-standard-WSL2' }, ['WSL2']],
    [{ '/proc/version': 'Linux version 4.4.0-19041-Microsoft' }, ['WSL1']],
    [{}, []],
  ])('%j is %j', (files, found) => {
    namespaces(false);
    put(files as Record<string, string>);
    expect(environmentOf(host())).toEqual(found);
  });

  test('a container’s marks on a machine with the kernel’s first namespaces prove nothing', () => {
    namespaces(true);
    put({ '/.dockerenv': '' });
    expect(environmentOf(host())).toEqual([]);
  });
});

test('little room on disk, in bytes or in files, is limited', () => {
  const disk = (bavail: number, ffree: number) => () =>
    ({ bavail, bsize: 4096, files: 100_000, ffree }) as never;
  expect(spaceCheck(root, disk(1_000_000, 90_000)).state).toBe('ok');
  expect(spaceCheck(root, disk(1000, 90_000)).state).toBe('limited');
  expect(spaceCheck(root, disk(1_000_000, 10)).state).toBe('limited');
  expect(spaceCheck(join(root, 'gone')).state).toBe('missing');
});

test('the report is aligned, and each state is a word', async () => {
  const { report } = await look(host());
  const text = reportText(report, false);
  expect(text).toMatch(/\n {2}missing {2}cgroups {9}/);
  expect(text).toMatch(/\n +do: /);
  expect(text).not.toContain('\u001b');
  expect(reportText(report, true)).toContain('\u001b[');
});
