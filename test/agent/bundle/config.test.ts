import { mkdirSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { type RunRequestInput, runRequestSchema } from '@underdock/trace';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { writeBundle } from '../../../apps/agent/src/via/embedded/bundle/bundle.ts';
import { CAPABILITIES } from '../../../apps/agent/src/via/embedded/bundle/capabilities.ts';
import { buildConfig, type ConfigInput } from '../../../apps/agent/src/via/embedded/bundle/config.ts';
import type { HostAbilities } from '../../../apps/agent/src/via/embedded/bundle/host.ts';

const ALL = { memory: true, swap: true, cpu: true, pids: true };
const NONE = { memory: false, swap: false, cpu: false, pids: false };
const host: HostAbilities = {
  arch: 'x64',
  root: true,
  cpus: 4,
  hostname: 'vm',
  capabilities: CAPABILITIES,
  nofile: 20_000,
  cgroup: { layout: 'v2', mounts: { unified: '/sys/fs/cgroup' }, parent: '/underdock', limits: ALL },
};
const ordinary: HostAbilities = {
  ...host,
  root: false,
  cgroup: { layout: 'v2', mounts: {}, limits: NONE, why: 'no delegated cgroup' },
};
const alone = {
  uid: [{ containerID: 0, hostID: 1000, size: 1 }],
  gid: [{ containerID: 0, hostID: 1000, size: 1 }],
  setgroups: false,
};
const id = '0123456789abcdef'.repeat(4);

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(path.join(tmpdir(), 'config-test-'));
  mkdirSync(path.join(folder, 'rootfs/etc'), { recursive: true });
  writeFileSync(
    path.join(folder, 'rootfs/etc/passwd'),
    'root:x:0:0::/root:/bin/sh\nada:x:7:8::/home/ada:/bin/sh\n',
  );
  writeFileSync(path.join(folder, 'rootfs/etc/group'), 'staff:x:50:ada\n');
});
afterEach(() => rmSync(folder, { recursive: true }));

function build(request: Partial<RunRequestInput> = {}, more: Partial<ConfigInput> = {}) {
  return buildConfig({
    id,
    request: runRequestSchema.parse({ image: 'x', command: ['true'], ...request }),
    image: {},
    rootfs: path.join(folder, 'rootfs'),
    bundle: path.join(folder, 'bundle'),
    allowedMounts: [folder],
    host,
    ...more,
  });
}
const destinations = (built: Awaited<ReturnType<typeof build>>) =>
  built.config.mounts.map((one) => one.destination);

describe('the configuration of a container', () => {
  it('names a version that runc 1.1 and crun 1.8 accept', async () =>
    expect((await build()).config.ociVersion).toBe('1.0.2'));

  it('has the image’s user, groups and home', async () => {
    const { config } = await build({}, { image: { User: 'ada' } });
    expect(config.process.user).toEqual({ uid: 7, gid: 8, additionalGids: [8, 50] });
    expect(config.process.env).toContain('HOME=/home/ada');
  });

  it('has the flag’s user before the image’s', async () => {
    const built = await build({ user: '0' }, { image: { User: 'ada' } });
    expect(built.config.process.user.uid).toBe(0);
    expect(built.provenance).toContainEqual(expect.objectContaining({ flag: '--user', from: 'flag' }));
  });

  it('gives a user who is not root no active capabilities, only the bounding set', async () => {
    const { capabilities } = (await build({ user: 'ada' })).config.process;
    expect(capabilities.effective).toEqual([]);
    expect(capabilities.permitted).toEqual([]);
    expect(capabilities.bounding).toContain('CAP_CHOWN');
  });

  it('never hands capabilities to inherit, and no new privileges', async () => {
    const { process } = (await build({ capAdd: ['ALL'] })).config;
    expect([process.capabilities.inheritable, process.capabilities.ambient]).toEqual([[], []]);
    expect(process.noNewPrivileges).toBe(true);
    expect(process.oomScoreAdj).toBeUndefined();
  });

  it('leaves out a capability that underdock does not have, and says so', async () => {
    const capabilities = CAPABILITIES.filter((name) => name !== 'CAP_SYS_RESOURCE');
    const built = await build({ capAdd: ['SYS_RESOURCE'] }, { host: { ...host, capabilities } });
    expect(built.config.process.capabilities.bounding).not.toContain('CAP_SYS_RESOURCE');
    expect(built.absent.map((one) => one.what)).toEqual(['CAP_SYS_RESOURCE']);
  });

  it('limits memory and processes by default, and says that it is a default', async () => {
    const built = await build();
    expect(built.config.linux.resources?.memory).toEqual({ limit: 536_870_912, swap: 1_073_741_824 });
    expect(built.config.linux.resources?.pids).toEqual({ limit: 256 });
    expect(built.provenance).toContainEqual({
      flag: '--memory',
      from: 'default',
      field: 'linux.resources.memory.limit',
      value: 536_870_912,
    });
  });

  it('takes memory from the flag, and swap as much again', async () => {
    const built = await build({ memory: '64m' });
    expect(built.config.linux.resources?.memory).toEqual({ limit: 67_108_864, swap: 134_217_728 });
    expect(built.provenance).toContainEqual(
      expect.objectContaining({ flag: '--memory', from: 'flag', value: 67_108_864 }),
    );
  });

  it('refuses less memory than a process needs', () =>
    expect(build({ memory: '1m' })).rejects.toThrow('--memory 1m is less than 6m'));

  it('has processors as a share of a period', async () =>
    expect((await build({ cpus: 1.5 })).config.linux.resources?.cpu).toEqual({
      quota: 150_000,
      period: 100_000,
    }));

  it('refuses more processors than there are', () =>
    expect(build({ cpus: 5 })).rejects.toThrow('--cpus 5 is not between 0.01 and 4'));

  it('has no limit of processes with -1', async () =>
    expect((await build({ pidsLimit: -1 })).config.linux.resources?.pids).toBeUndefined());

  it('lies in a cgroup below underdock’s own', async () =>
    expect((await build()).config.linux.cgroupsPath).toBe(`/underdock/${id}`));

  it('has docker’s mounts in docker’s order, then the files for names', async () =>
    expect(destinations(await build())).toEqual([
      '/proc',
      '/dev',
      '/dev/pts',
      '/sys',
      '/sys/fs/cgroup',
      '/dev/mqueue',
      '/dev/shm',
      '/etc/hosts',
      '/etc/hostname',
      '/etc/resolv.conf',
    ]));

  it('has a wanted mount in the place of a default one, and parents before what is below them', async () => {
    mkdirSync(path.join(folder, 'data'));
    const mount = ['type=tmpfs,target=/dev/shm,tmpfs-size=1m', `type=bind,source=${folder}/data,target=/a/b`];
    const built = await build({ mount, volume: [`${folder}:/a`, `${folder}/data:/etc/hosts`] });
    const places = destinations(built);
    expect(places.filter((one) => one === '/dev/shm' || one === '/etc/hosts')).toHaveLength(2);
    expect(places.indexOf('/a')).toBeLessThan(places.indexOf('/a/b'));
  });

  it('shows the name files read-only with a read-only root', async () => {
    const { config } = await build({ readOnly: true });
    expect(config.root.readonly).toBe(true);
    expect(config.mounts.find((one) => one.destination === '/etc/hosts')?.options).toContain('ro');
  });

  it('has a network namespace of its own by default and with none', async () => {
    for (const network of [undefined, 'none']) {
      expect((await build({ network })).config.linux.namespaces).toContainEqual({ type: 'network' });
    }
  });

  it('has the host’s network and name with host', async () => {
    const { config } = await build({ network: 'host' });
    expect(config.linux.namespaces.map((one) => one.type)).toEqual(['pid', 'mount', 'uts', 'ipc', 'cgroup']);
    expect(config.hostname).toBe('vm');
  });

  it('refuses a network that it can’t make', () =>
    expect(build({ network: 'bridge' })).rejects.toThrow(
      '--network "bridge" is not known to the embedded engine',
    ));

  it('says that ports can’t be published', async () =>
    expect((await build({ publish: ['8080:80'] })).absent[0]?.what).toBe('published ports (8080:80)'));

  it('is called after its id unless a name is given', async () => {
    expect((await build()).config.hostname).toBe('0123456789ab');
    expect((await build({ hostname: 'box' })).config.hostname).toBe('box');
  });

  it('leaves the filter out for a runtime that has none', async () => {
    expect((await build()).config.linux.seccomp?.defaultAction).toBe('SCMP_ACT_ERRNO');
    expect((await build({}, { seccomp: false })).config.linux.seccomp).toBeUndefined();
  });

  it('ends with the image’s signal', async () => {
    expect((await build()).stopSignal).toBe('SIGTERM');
    expect((await build({}, { image: { StopSignal: 'SIGQUIT' } })).stopSignal).toBe('SIGQUIT');
  });
});

describe('the configuration for an ordinary user', () => {
  const rootless = (request: Partial<RunRequestInput> = {}, held = false) =>
    build(request, { host: ordinary, userNamespace: { mappings: alone, held } });

  it('says what is not permitted, in words', async () => {
    const { config, absent } = await rootless({ cpus: 1 });
    expect(config.linux.resources).toBeUndefined();
    expect(config.linux.cgroupsPath).toBeUndefined();
    for (const what of ['memory limit', 'cpu limit', 'pids limit']) {
      expect(absent).toContainEqual({ what, why: 'not permitted: no delegated cgroup' });
    }
  });

  it('has a user namespace with its maps, unless one is held already', async () => {
    const own = (await rootless()).config.linux;
    expect(own.namespaces).toContainEqual({ type: 'user' });
    expect(own.uidMappings).toEqual(alone.uid);
    const held = (await rootless({}, true)).config.linux;
    expect(held.namespaces).not.toContainEqual({ type: 'user' });
    expect(held.uidMappings).toBeUndefined();
  });

  it('gives terminals to no group that is not mapped', async () => {
    const pts = (await rootless()).config.mounts.find((one) => one.destination === '/dev/pts');
    expect(pts?.options).not.toContain('gid=5');
  });

  it('shows the host’s /sys where the network is the host’s', async () => {
    const sys = (await rootless({ network: 'host' })).config.mounts.find((one) => one.destination === '/sys');
    expect(sys).toMatchObject({ source: '/sys', options: expect.arrayContaining(['rbind', 'ro']) });
  });

  it('refuses a user who is not mapped, and says what to do', () =>
    expect(rootless({ user: 'ada' })).rejects.toThrow(
      expect.objectContaining({
        message: 'user 7 does not exist in this user namespace',
        remedy: expect.stringContaining('/etc/subuid'),
      }),
    ));
});

describe('a bundle', () => {
  it('is written with its files, readable for nobody else', async () => {
    const built = await build({ hostname: 'box' });
    const file = await writeBundle(built, path.join(folder, 'bundle'));
    expect(JSON.parse(readFileSync(file, 'utf8'))).toEqual(built.config);
    expect(statSync(file).mode & 0o777).toBe(0o600);
    expect(readFileSync(path.join(folder, 'bundle/etc/hostname'), 'utf8')).toBe('box\n');
    expect(readFileSync(path.join(folder, 'bundle/etc/hosts'), 'utf8')).toContain('box');
  });

  it('says what to do where it can’t be written', async () => {
    writeFileSync(path.join(folder, 'file'), '');
    await expect(writeBundle(await build(), path.join(folder, 'file/bundle'))).rejects.toThrow(
      'can’t write the bundle',
    );
  });
});
