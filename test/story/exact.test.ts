import { explain } from '@underdock/story';
import { describe, expect, it } from 'vitest';
import {
  CGROUP1_PAGES,
  CGROUP2_SECTIONS,
  ENGINE_OPERATIONS,
} from '../../packages/story/src/content/exactPlaces.ts';
import { exactReadings } from '../../packages/story/src/exact.ts';
import { RECORDED, recordedTrace } from '../fixtures/traces.ts';
import { sampleEvent } from '../trace/sample.ts';

const read = (step: string, data: Record<string, unknown>) =>
  exactReadings(sampleEvent(1, { step, layer: step.split('/')[0] as 'kernel', data })).map(
    ({ href }) => href,
  );

describe('where a call is described', () => {
  it.each<[string, string, Record<string, unknown>, string]>([
    [
      'a request of docker, in its own version',
      'engine/request',
      { protocol: 'http', method: 'POST', path: '/v1.41/containers/create' },
      'https://docs.docker.com/reference/api/engine/version/v1.41/#tag/Container/operation/ContainerCreate',
    ],
    [
      'a request without a version',
      'client/request',
      { protocol: 'http', method: 'GET', path: '/images/127.0.0.1:5000/a/b:1/json' },
      'https://docs.docker.com/reference/api/engine/version/v1.51/#tag/Image/operation/ImageInspect',
    ],
    [
      'a call of containerd',
      'high-level/create-task',
      { method: 'containerd.services.tasks.v1.Tasks/Create' },
      'https://github.com/containerd/containerd/blob/main/api/services/tasks/v1/tasks.proto',
    ],
    [
      'a call to a shim',
      'high-level/shim-request',
      { method: 'containerd.task.v2.Task/Start' },
      'https://github.com/containerd/containerd/blob/main/api/runtime/task/v2/shim.proto',
    ],
    [
      'a call of the CRI',
      'engine/call',
      { protocol: 'grpc', method: 'runtime.v1.RuntimeService/RunPodSandbox' },
      'https://github.com/kubernetes/cri-api/blob/master/pkg/apis/runtime/v1/api.proto',
    ],
    [
      'a system call by its own page',
      'kernel/umount',
      { syscall: 'umount2' },
      'https://man7.org/linux/man-pages/man2/umount.2.html',
    ],
    [
      'a namespace by its kind',
      'kernel/has-namespace',
      { kind: 'net' },
      'https://man7.org/linux/man-pages/man7/network_namespaces.7.html',
    ],
    [
      'a limit of cgroup version 2',
      'kernel/cgroup-write',
      { name: 'memory.max', file: '/sys/fs/cgroup/x/memory.max', syscall: 'write' },
      'https://docs.kernel.org/admin-guide/cgroup-v2.html#memory-interface-files',
    ],
    [
      'a limit of cgroup version 1',
      'kernel/cgroup-write',
      { name: 'memory.limit_in_bytes', file: '/sys/fs/cgroup/memory/x/memory.limit_in_bytes' },
      'https://docs.kernel.org/admin-guide/cgroup-v1/memory.html',
    ],
    [
      'a file that both versions have, by its path',
      'kernel/has-cgroup-value',
      { name: 'pids.max', file: '/sys/fs/cgroup/pids/x/pids.max' },
      'https://docs.kernel.org/admin-guide/cgroup-v1/pids.html',
    ],
  ])('%s', (_name, step, data, href) => expect(read(step, data)).toContain(href));

  it('is nowhere exact for what has no description of its own', () => {
    expect(read('engine/request', { protocol: 'http', method: 'POST', path: '/v1.41/unheard/of' })).toEqual(
      [],
    );
    expect(read('high-level/call', { method: 'some.body.v1.Service/Call' })).toEqual([]);
    expect(read('kernel/cgroup-write', { name: 'unheard.of' })).toEqual([]);
    expect(read('kernel/mount', { syscall: '__proto__' })).toEqual([]);
  });

  it('knows each operation once', () => {
    const names = ENGINE_OPERATIONS.map(([, , , name]) => name);
    expect(new Set(names).size).toBe(names.length);
    expect(Object.values({ ...CGROUP1_PAGES, ...CGROUP2_SECTIONS })).not.toContain('');
  });
});

it.each(RECORDED)('each event of a real trace can be read about, over https: %s', async (name) => {
  const { events } = await recordedTrace(name);
  const begun = new Map(
    events.filter(({ type }) => type === 'begin').map((event) => [event.span, event.data]),
  );
  let exact = 0;
  for (const event of events) {
    const see = explain(event)?.see ?? [];
    expect(see.length, event.step).toBeGreaterThan(0);
    const all = [...see, ...exactReadings(event, begun.get(event.span))];
    exact += all.length > see.length || see.length > 1 ? 1 : 0;
    for (const { href, title } of all) {
      expect(new URL(href).protocol).toBe('https:');
      expect(title).not.toBe('');
    }
  }
  expect(exact).toBeGreaterThan(0);
});
