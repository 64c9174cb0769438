import { describe, expect, it } from 'vitest';
import type { OciConfig } from '../../../apps/agent/src/via/embedded/bundle/ociConfig.ts';
import { addedMounts, wideningOf } from '../../../apps/agent/src/via/oci/configFreedom.ts';
import { mountedFolders } from '../../../apps/agent/src/via/oci/editedConfig.ts';

const prepared = (): OciConfig => ({
  ociVersion: '1.0.2',
  process: {
    terminal: false,
    user: { uid: 0, gid: 0 },
    args: ['sh'],
    env: ['A=b'],
    cwd: '/',
    capabilities: { bounding: ['CAP_CHOWN'], effective: [], permitted: [], inheritable: [], ambient: [] },
    rlimits: [{ type: 'RLIMIT_NOFILE', hard: 1024, soft: 1024 }],
    noNewPrivileges: true,
  },
  root: { path: 'rootfs', readonly: false },
  hostname: 'box',
  mounts: [
    { destination: '/proc', type: 'proc', source: 'proc' },
    { destination: '/sys', type: 'sysfs', source: 'sysfs', options: ['ro'] },
  ],
  linux: {
    namespaces: ['pid', 'mount', 'uts', 'ipc', 'network', 'cgroup'].map((type) => ({ type })),
    resources: {
      memory: { limit: 100, swap: 200 },
      pids: { limit: 9 },
      devices: [{ allow: false, access: 'rwm' }],
    },
    seccomp: { defaultAction: 'SCMP_ACT_ERRNO', architectures: [], syscalls: [] },
    maskedPaths: ['/proc/kcore'],
    readonlyPaths: ['/proc/sys'],
  },
});
type Edit = (config: OciConfig & Record<string, unknown>) => unknown;
const fieldsAfter = (edit: Edit) => {
  const edited = prepared() as OciConfig & Record<string, unknown>;
  edit(edited);
  return wideningOf(prepared(), edited).map(({ field }) => field);
};
const tmpfs = (...options: string[]) => ({
  destination: '/scratch',
  type: 'tmpfs',
  source: 'tmpfs',
  options,
});

describe('an edited config.json asks for no more than flags may', () => {
  it.each<[string, Edit]>([
    ['nothing', () => {}],
    [
      'its program, user, folder and environment',
      (c) => Object.assign(c.process, { args: ['id'], cwd: '/tmp', env: [], user: { uid: 5, gid: 5 } }),
    ],
    ['a terminal', (c) => Object.assign(c.process, { terminal: true })],
    [
      'fewer capabilities, or others that stay in the container',
      (c) => Object.assign(c.process.capabilities, { bounding: ['CAP_NET_ADMIN'] }),
    ],
    ['fewer open files', (c) => Object.assign(c.process.rlimits![0]!, { hard: 10, soft: 10 })],
    ['a read-only root', (c) => Object.assign(c.root, { readonly: true })],
    ['the host’s network', (c) => c.linux.namespaces.splice(4, 1)],
    ['a time namespace', (c) => c.linux.namespaces.push({ type: 'time' })],
    [
      'other limits',
      (c) =>
        Object.assign(c.linux, {
          resources: {
            ...c.linux.resources,
            memory: { limit: 900, swap: 900 },
            cpu: { quota: 5, period: 100 },
          },
        }),
    ],
    [
      'unlimited processes, as --pids-limit -1',
      (c) => Object.assign(c.linux.resources!, { pids: undefined }),
    ],
    ['fewer mounts', (c) => c.mounts.pop()],
    ['a tmpfs', (c) => c.mounts.push(tmpfs('nosuid', 'nodev', 'size=64k'))],
    ['more masked paths', (c) => c.linux.maskedPaths!.push('/proc/uptime')],
  ])('where it changes %s', (_, edit) => expect(fieldsAfter(edit)).toEqual([]));

  it.each<[string, Edit, string]>([
    ['hooks', (c) => Object.assign(c, { hooks: {} }), 'hooks'],
    ['annotations', (c) => Object.assign(c, { annotations: { 'run.oci.handler': 'x' } }), 'annotations'],
    ['a field that is not thought of', (c) => Object.assign(c.linux, { brandNew: true }), 'linux.brandNew'],
    [
      'a field of the process that is not thought of',
      (c) => Object.assign(c.process, { apparmorProfile: 'unconfined' }),
      'process.apparmorProfile',
    ],
    [
      'new privileges',
      (c) => Object.assign(c.process, { noNewPrivileges: undefined }),
      'process.noNewPrivileges',
    ],
    [
      'a capability that reaches the host',
      (c) => Object.assign(c.process.capabilities, { ambient: ['CAP_SYS_ADMIN'] }),
      'process.capabilities.ambient',
    ],
    [
      'power over the host’s network',
      (c) => {
        Object.assign(c.process.capabilities, { effective: ['CAP_NET_ADMIN'] });
        c.linux.namespaces.splice(4, 1);
      },
      'process.capabilities.effective',
    ],
    ['a lower OOM score', (c) => Object.assign(c.process, { oomScoreAdj: -900 }), 'process.oomScoreAdj'],
    ['more open files', (c) => Object.assign(c.process.rlimits![0]!, { hard: 4096 }), 'process.rlimits'],
    [
      'other limits of the old kind',
      (c) => c.process.rlimits!.push({ type: 'RLIMIT_MEMLOCK', hard: 1, soft: 1 }),
      'process.rlimits',
    ],
    ['another root', (c) => Object.assign(c.root, { path: '/' }), 'root.path'],
    ['a writable /sys', (c) => Object.assign(c.mounts[1]!, { options: ['rw'] }), 'mounts.1'],
    ['a disk', (c) => c.mounts.push({ destination: '/d', type: 'ext4', source: '/dev/vda' }), 'mounts.2'],
    ['a tmpfs with devices', (c) => c.mounts.push(tmpfs('nosuid')), 'mounts.2'],
    [
      'a bind mount that spreads',
      (c) =>
        c.mounts.push({ destination: '/d', type: 'bind', source: '/srv', options: ['rbind', 'rshared'] }),
      'mounts.2',
    ],
    [
      'a bind mount by another type',
      (c) => c.mounts.push({ destination: '/d', type: 'none', source: '/srv', options: ['rbind', 'dev'] }),
      'mounts.2',
    ],
    [
      'a bind mount that is called a tmpfs',
      (c) => c.mounts.push({ destination: '/d', type: 'tmpfs', source: '/', options: ['rbind', 'nodev'] }),
      'mounts.2',
    ],
    [
      'a bind mount under other ids',
      (c) =>
        c.mounts.push({
          ...{ destination: '/d', type: 'bind', source: '/srv', options: ['rbind'] },
          ...{ uidMappings: [{ containerID: 0, hostID: 0, size: 1 }] },
        }),
      'mounts.2.uidMappings',
    ],
    ['the host’s processes', (c) => c.linux.namespaces.shift(), 'linux.namespaces'],
    [
      'another’s namespace',
      (c) => Object.assign(c.linux.namespaces[4]!, { path: '/proc/1/ns/net' }),
      'linux.namespaces',
    ],
    ['a user namespace', (c) => c.linux.namespaces.push({ type: 'user' }), 'linux.namespaces'],
    ['no linux at all', (c) => Object.assign(c, { linux: undefined }), 'linux.namespaces'],
    [
      'no memory limit',
      (c) => Object.assign(c.linux.resources!.memory!, { limit: -1 }),
      'linux.resources.memory.limit',
    ],
    [
      'endless swap',
      (c) => Object.assign(c.linux.resources!.memory!, { swap: -1 }),
      'linux.resources.memory.swap',
    ],
    [
      'a memory that is not killed for',
      (c) => Object.assign(c.linux.resources!.memory!, { disableOOMKiller: true }),
      'linux.resources.memory.disableOOMKiller',
    ],
    [
      'files of the cgroup by name',
      (c) => Object.assign(c.linux.resources!, { unified: { 'memory.max': 'max' } }),
      'linux.resources.unified',
    ],
    ['devices', (c) => Object.assign(c.linux.resources!, { devices: [] }), 'linux.resources.devices'],
    [
      'another filter',
      (c) => Object.assign(c.linux.seccomp!, { defaultAction: 'SCMP_ACT_ALLOW' }),
      'linux.seccomp',
    ],
    ['a bare /proc/kcore', (c) => Object.assign(c.linux, { maskedPaths: [] }), 'linux.maskedPaths'],
    [
      'a writable /proc/sys',
      (c) => Object.assign(c.linux, { readonlyPaths: undefined }),
      'linux.readonlyPaths',
    ],
    [
      'settings of the kernel',
      (c) => Object.assign(c.linux, { sysctl: { 'kernel.core_pattern': '|/x' } }),
      'linux.sysctl',
    ],
  ])('and is refused with %s', (_, edit, field) => expect(fieldsAfter(edit)).toContain(field));

  it('and never takes a folder of the host for a tmpfs, whatever it is called', async () => {
    const edited = prepared();
    edited.mounts.push({ destination: '/d', type: 'tmpfs', source: '/', options: ['rbind'] });
    await expect(mountedFolders(prepared(), edited, [])).rejects.toMatchObject({ code: 'mount-not-allowed' });
  });

  it('and may have a capability that was allowed', () => {
    const edited = prepared();
    edited.process.capabilities.bounding = ['CAP_SYS_TIME'];
    expect(wideningOf(prepared(), edited, ['CAP_SYS_TIME'])).toEqual([]);
    expect(wideningOf(prepared(), edited, ['CAP_SYS_BOOT'])).toHaveLength(1);
  });

  it('and names the mounts that have to be allowed one by one', () => {
    const edited = prepared();
    const own = { destination: '/d', type: 'bind', source: '/srv', options: ['rbind', 'rprivate', 'ro'] };
    edited.mounts.push(own);
    expect(addedMounts(prepared(), edited)).toEqual([own]);
  });
});
