import { type CallRecord, createSorter, type Found, type RawRecord } from '@underdock/weave';
import protobuf from 'protobufjs/minimal.js';
import { describe, expect, it } from 'vitest';
import { tellCall } from '../../../packages/weave/src/callSteps.ts';
import { CriPods } from '../../../packages/weave/src/criPods.ts';
import { decodePayload } from '../../../packages/weave/src/sort/payload.ts';

const CONTAINERD = 50;
const POD = 'a'.repeat(64);
const WEB = 'b'.repeat(64);
const SERVICE = '/runtime.v1.RuntimeService';
const { Writer } = protobuf;
const id = (text: string) => Writer.create().uint32(10).string(text).finish();
const nested = (field: number, bytes: Uint8Array) =>
  Writer.create()
    .uint32((field << 3) | 2)
    .bytes(bytes)
    .finish();
const joined = (...parts: Uint8Array[]) => new Uint8Array(Buffer.concat(parts));
/** A pod `shop/web` in the node’s network: metadata (1: name 1, namespace 3), linux 8, security context 2, namespaces 1. */
const RUN_POD = nested(
  1,
  joined(
    nested(1, joined(id('web'), Writer.create().uint32(26).string('shop').finish())),
    nested(8, nested(2, nested(1, Writer.create().uint32(8).uint32(2).finish()))),
  ),
);
/** Sandbox 1, config 2: image 2. */
const CREATE = joined(id(POD), nested(2, nested(2, id('nginx'))));

const call = (more: Partial<CallRecord>): CallRecord => ({
  ...{ kind: 'call', source: 'uprobe', phase: 'enter', protocol: 'grpc', side: 'server', at: 0 },
  ...{ pid: CONTAINERD, tid: CONTAINERD, comm: 'containerd', routine: 'g1' },
  ...more,
});
const asked = (method: string, bytes: Uint8Array, more: Partial<CallRecord> = {}) => [
  call({ method, ...more }),
  call({ phase: 'payload', payload: { bytes, length: bytes.length }, ...more }),
];
const served = (verb: string, bytes: Uint8Array, made?: string) => [
  ...asked(`${SERVICE}/${verb}`, bytes),
  ...(made ? [call({ phase: 'answer', made })] : []),
  call({ phase: 'exit', failed: false }),
];
const shim = (container: string, pid: number): RawRecord => ({
  ...{ kind: 'exec', source: 'tracepoint', comm: 'x', at: 0, pid, tid: pid },
  path: '/usr/bin/containerd-shim-runc-v2',
  argv: ['/usr/bin/containerd-shim-runc-v2', '-id', container, 'start'],
});

/** What is found when this happens, and how much is given to each run. */
function sorted(
  records: readonly RawRecord[],
  begin: (sorter: ReturnType<typeof createSorter>) => void = () => {},
) {
  const found: Found[] = [];
  const given: Record<string, number> = {};
  const sorter = createSorter({
    agentPid: 1,
    opened: (one) => found.push(one),
    give: (key, { kind }) => {
      if (kind !== 'clock') given[key] = (given[key] ?? 0) + 1;
    },
    closed: () => {},
  });
  begin(sorter);
  for (const [n, record] of records.entries()) sorter.add({ ...record, at: n + 10 });
  return { commands: found.map(({ command }) => command.join(' ')), given };
}

describe('what a kubelet asks a runtime', () => {
  it('is one run for a pod: its sandbox, the shim that is started for it, and the containers in it', () => {
    const [enter, payload, answer, exit] = served('RunPodSandbox', RUN_POD, POD) as [
      RawRecord,
      ...RawRecord[],
    ];
    const making = [enter, payload!, shim(POD, 60), answer!, exit!];
    const later = [
      ...served('CreateContainer', CREATE, WEB),
      ...served('StartContainer', id(WEB)),
      shim(WEB, 61),
    ];
    expect(sorted([...making, ...later]).commands).toEqual(['RunPodSandbox shop/web']);
  });

  it('begins no run when it only asks', () => {
    const status = served('ContainerStatus', id(WEB));
    expect(sorted([...status, ...served('PodSandboxStatus', id(POD))]).commands).toEqual([]);
  });

  it('is its client’s run where that one can be seen', () => {
    const crictl: RawRecord = {
      ...{ kind: 'exec', source: 'tracepoint', comm: 'x', at: 0, pid: 70, tid: 70 },
      ...{ path: '/usr/bin/crictl', argv: ['crictl', 'runp', 'pod.json'] },
    };
    const sent = asked(`${SERVICE}/RunPodSandbox`, RUN_POD, { side: 'client', pid: 70, comm: 'crictl' });
    const all = sorted([crictl, ...sent, ...served('RunPodSandbox', RUN_POD, POD)]);
    expect(all.commands).toEqual(['crictl runp pod.json']);
  });

  it('is not told a second time where underdock itself asks', () => {
    const all = sorted(served('RunPodSandbox', RUN_POD, POD), (sorter) => {
      sorter.claim('own').request(1, `${SERVICE}/RunPodSandbox`, '');
    });
    expect(all.commands).toEqual([]);
    expect(all.given.own ?? 0).toBeLessThan(3);
  });

  it('is found by a call about a pod that was there before', () => {
    expect(sorted(served('StopPodSandbox', id(POD))).commands).toEqual([`StopPodSandbox ${POD}`]);
  });
});

describe('a pod', () => {
  const method = `${SERVICE}/RunPodSandbox`;
  const enter = call({ method, payload: { bytes: RUN_POD, length: RUN_POD.length } });
  const end = (failed: boolean) => call({ phase: 'exit', failed });
  const pods = () => {
    const made = new CriPods();
    made.begun(enter, decodePayload(method, RUN_POD));
    made.made(call({ phase: 'answer' }), POD);
    return made;
  };

  it('is told as the runtime’s own act, with its name and network', () => {
    expect(tellCall(enter)).toMatchObject({
      ...{ step: 'high-level/run-sandbox', layer: 'high-level', asked: undefined },
      data: { name: 'shop/web', network: 'node' },
    });
  });

  it('exists when the call has succeeded, stands still when it was stopped, and is gone when it was removed', () => {
    const made = pods();
    expect(made.ended(end(false))).toMatchObject({
      id: POD,
      name: 'shop/web',
      state: 'ready',
      shares: ['ipc', 'pid'],
    });
    for (const [verb, expected] of [
      ['StopPodSandbox', { state: 'notready' }],
      ['RemovePodSandbox', { state: 'notready', gone: true }],
    ] as const) {
      const ending = `${SERVICE}/${verb}`;
      made.begun(call({ method: ending }), decodePayload(ending, id(POD)));
      expect(made.ended(end(false))).toMatchObject({ id: POD, ...expected });
    }
  });

  it('does not exist when the call has failed', () => expect(pods().ended(end(true))).toBeUndefined());
});
