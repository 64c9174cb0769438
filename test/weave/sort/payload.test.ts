import { decodePayload } from '@underdock/weave';
import protobuf from 'protobufjs/minimal.js';
import { describe, expect, it } from 'vitest';

const TASKS = '/containerd.services.tasks.v1.Tasks/';
const { Writer } = protobuf;

const SPEC = JSON.stringify({
  process: { env: ['TOKEN=secret'], args: ['x'.repeat(3000)] },
  linux: { resources: { memory: { limit: 67108864, swap: -1 }, cpu: { quota: 50000 }, pids: { limit: 33 } } },
});

function createContainer(spec = SPEC): Uint8Array {
  const runtime = Writer.create().uint32(10).string('io.containerd.runc.v2').finish();
  const label = Writer.create().uint32(10).string('key').uint32(18).string('secret').finish();
  const any = Writer.create().uint32(10).string('types.containerd.io/spec').uint32(18).string(spec).finish();
  const container = Writer.create().uint32(10).string('abc').uint32(18).bytes(label).uint32(26).string('img');
  container.uint32(34).bytes(runtime).uint32(42).bytes(any).uint32(50).string('overlayfs');
  return Writer.create().uint32(10).bytes(container.finish()).finish();
}

describe('what is told of a call', () => {
  it('is its container, exec and numbers', () => {
    const bytes = Writer.create()
      .uint32(10)
      .string('abc')
      .uint32(18)
      .string('e1')
      .uint32(24)
      .uint32(15)
      .finish();
    expect(decodePayload(`${TASKS}Kill`, bytes)).toEqual({
      request: { container: 'abc', execId: 'e1', signal: 15 },
      container: 'abc',
      execId: 'e1',
    });
  });

  it('is inside messages too, and never what is not listed', () => {
    const said = decodePayload('/containerd.services.containers.v1.Containers/Create', createContainer());
    expect(said).toEqual({
      request: {
        container: {
          id: 'abc',
          image: 'img',
          runtime: { name: 'io.containerd.runc.v2' },
          spec: { limits: { memory: 67108864, memorySwap: -1, cpuQuota: 50000, pids: 33 } },
          snapshotter: 'overlayfs',
        },
      },
      container: 'abc',
    });
    expect(JSON.stringify(said)).not.toContain('secret');
  });

  it('is the limits in a change of them, and nothing when that is no JSON', () => {
    const update = (value: string) => {
      const any = Writer.create().uint32(10).string('type').uint32(18).string(value).finish();
      return Writer.create().uint32(10).string('abc').uint32(18).bytes(any).finish();
    };
    const request = { container: 'abc', resources: { limits: { memory: 5 } } };
    expect(decodePayload(`${TASKS}Update`, update('{"memory":{"limit":5}}')).request).toEqual(request);
    expect(decodePayload(`${TASKS}Update`, update('no JSON')).container).toBe('abc');
    expect(decodePayload(`${TASKS}Update`, update('null')).request).toEqual({
      container: 'abc',
      resources: { limits: {} },
    });
  });

  it('is what lies before the cut, when not all was captured', () => {
    const whole = createContainer();
    const said = decodePayload(
      '/containerd.services.containers.v1.Containers/Create',
      whole.subarray(0, 200),
    );
    expect(said.container).toBe('abc');
    expect(said.request).toEqual({
      container: { id: 'abc', image: 'img', runtime: { name: 'io.containerd.runc.v2' }, spec: {} },
    });
  });

  it('is the same for a shim, with or without a leading slash, and for its next version', () => {
    const bytes = Writer.create().uint32(10).string('abc').uint32(18).string('/bundle').finish();
    const request = { container: 'abc', bundle: '/bundle' };
    expect(decodePayload('containerd.task.v2.Task/Create', bytes).request).toEqual(request);
    expect(decodePayload('containerd.task.v3.Task/Create', bytes).request).toEqual(request);
  });

  it('is nothing for a method that is not listed, and for bytes that are no message', () => {
    const bytes = Writer.create().uint32(10).string('secret').finish();
    expect(decodePayload('/other.Service/Method', bytes)).toEqual({ request: {} });
    expect(decodePayload(`${TASKS}Start`, Uint8Array.from([0xff, 0xff, 0xff, 0xff, 0xff]))).toEqual({
      request: {},
    });
    expect(decodePayload(`${TASKS}Start`, new Uint8Array())).toEqual({ request: {} });
  });
});
