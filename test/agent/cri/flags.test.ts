import { type RunRequestInput, runRequestSchema } from '@underdock/trace';
import { describe, expect, test } from 'vitest';
import {
  containerConfig,
  criMounts,
  podConfig,
  refuseInexpressible,
  toldContainer,
} from '../../../apps/agent/src/via/cri/flags.ts';

const request = (more: RunRequestInput = {}) => runRequestSchema.parse({ image: 'starter', ...more });
const around = {
  run: 'r1',
  name: 'web',
  image: 'i:latest',
  logs: '/logs/r1',
  cgroup: '/pods/r1',
  mounts: [],
};
const pod = { ...around, onNode: false, unified: false };

describe('a pod that is asked for', () => {
  test('has its own network, and the name of the container where no other is wanted', () => {
    const { hostname, linux, metadata, labels } = podConfig(request(), pod);
    expect({ hostname, metadata }).toEqual({
      hostname: 'web',
      metadata: { name: 'web', uid: 'r1', namespace: 'underdock', attempt: 0 },
    });
    expect(linux).toMatchObject({
      cgroupParent: '/pods/r1',
      securityContext: { namespaceOptions: { network: 'POD', pid: 'CONTAINER', ipc: 'POD' } },
    });
    expect(labels['underdock.run']).toBe('r1');
  });

  test('has no name of its own in the node’s network', () => {
    expect(podConfig(request(), { ...pod, onNode: true }).hostname).toBe('');
  });
});

describe('a container that is asked for', () => {
  test('has command and arguments as Kubernetes tells them apart', () => {
    const { command, args } = containerConfig(request({ entrypoint: '/bin/sh', command: ['-c', 'id'] }), pod);
    expect({ command, args }).toEqual({ command: ['/bin/sh'], args: ['-c', 'id'] });
    expect(containerConfig(request({ command: ['id'] }), pod)).toMatchObject({ command: [], args: ['id'] });
  });

  test('has underdock’s limits where nobody asks for others', () => {
    const { resources } = containerConfig(request(), pod).linux;
    expect(resources).toEqual({ memoryLimitInBytes: 512 * 1024 * 1024 });
  });

  test('has its limits in the CRI’s units, and processes by a name of cgroup v2', () => {
    const wanted = request({ memory: '64m', cpus: 0.5, pidsLimit: 8 });
    expect(containerConfig(wanted, { ...pod, unified: true }).linux.resources).toEqual({
      memoryLimitInBytes: 64 * 1024 * 1024,
      cpuPeriod: 100_000,
      cpuQuota: 50_000,
      unified: { 'pids.max': '8' },
    });
  });

  test.each([
    ['1000', { runAsUser: { value: 1000 }, runAsUsername: '' }],
    ['1000:5', { runAsUser: { value: 1000 }, runAsGroup: { value: 5 }, runAsUsername: '' }],
    ['www', { runAsUsername: 'www' }],
  ])('runs as %s', (user, expected) => {
    expect(containerConfig(request({ user }), pod).linux.securityContext).toMatchObject(expected);
  });

  test('has capabilities without their prefix', () => {
    const wanted = request({ capAdd: ['CAP_NET_ADMIN', 'sys_time'], capDrop: ['ALL'] });
    expect(containerConfig(wanted, pod).linux.securityContext.capabilities).toEqual({
      addCapabilities: ['NET_ADMIN', 'SYS_TIME'],
      dropCapabilities: ['ALL'],
    });
  });

  test('is told without the values of its environment', () => {
    const config = containerConfig(request({ env: ['PASSWORD=hunter2', 'EMPTY='] }), pod);
    expect(config.envs).toEqual([
      { key: 'PASSWORD', value: 'hunter2' },
      { key: 'EMPTY', value: '' },
    ]);
    const told = toldContainer(config, ['memory']);
    expect(told).toMatchObject({ envs: ['PASSWORD', 'EMPTY'], defaults: ['memory'] });
    expect(JSON.stringify(told)).not.toContain('hunter2');
  });
});

describe('what the CRI has no words for', () => {
  test.each<[string, RunRequestInput]>([
    ['a terminal', { tty: true }],
    ['standard input', { interactive: true }],
    ['a published port', { publish: ['80:80'] }],
    ['no network', { network: 'none' }],
    ['a network by name', { network: 'mine' }],
    ['plain http', { plainHttp: true }],
    ['a host name in the node’s network', { network: 'host', hostname: 'h' }],
    ['a group by name', { user: '5:staff' }],
    ['a user’s name with a group', { user: 'www:5' }],
  ])('is refused with what to do instead: %s', (_, more) => {
    expect(() => refuseInexpressible(request(more))).toThrow(
      expect.objectContaining({ code: 'not-in-cri', remedy: expect.any(String) }),
    );
  });

  test('is refused for mounts too', async () => {
    await expect(criMounts(request({ mount: ['type=tmpfs,target=/x'] }), [])).rejects.toMatchObject({
      code: 'not-in-cri',
    });
  });

  test('does not hold up the rest', () => {
    expect(() => refuseInexpressible(request({ network: 'host', user: '5:5' }))).not.toThrow();
  });
});
