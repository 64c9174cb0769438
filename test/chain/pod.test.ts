import { containerOf, containersOf, containerTitle, foldTo, podOf, sharedWithPod } from '@underdock/chain';
import type { TraceEvent, TraceHeader } from '@underdock/trace';
import { describe, expect, test } from 'vitest';
import { recordedTrace } from '../fixtures/traces.ts';

const POD = 'a'.repeat(64);
const OWN = 'b'.repeat(64);
const header: TraceHeader = {
  underdock: 1,
  id: 'r',
  title: 't',
  via: 'cri',
  command: [],
  startedAt: '2026-01-01T00:00:00.000Z',
  clock: { monotonicNs: '0', wallMs: 0 },
  host: { kernel: '', arch: '', cgroup: 'v2', root: true, versions: {} },
  watchers: [],
  redacted: [],
};

let seq = 0;
function fact(step: string, container: string | undefined, data: TraceEvent['data']): TraceEvent {
  seq += 1;
  const layer = step.split('/')[0] as TraceEvent['layer'];
  const about = container ? { container } : {};
  return {
    seq,
    at: seq,
    type: 'fact',
    step,
    layer,
    actor: { name: 'x' },
    data,
    evidence: [],
    grade: 'observed',
    ...about,
  };
}
const namespace = (container: string, kind: string, inode: number) =>
  fact('kernel/has-namespace', container, { kind, inode, hostInode: 1, own: inode !== 1, pid: 5 });

describe('a pod', () => {
  const begin = [
    fact('high-level/has-layer', undefined, { index: 0, diffId: 'sha256:1' }),
    namespace(POD, 'net', 11),
    namespace(POD, 'mnt', 12),
    fact('high-level/has-sandbox', POD, { id: POD, name: 'p', state: 'ready', pid: 42, shares: ['net'] }),
  ];
  const joined = [
    fact('engine/has-container', OWN, { id: OWN, state: 'created' }),
    namespace(OWN, 'net', 11),
    namespace(OWN, 'mnt', 13),
  ];

  test('is what is drawn while it is all that there is', () => {
    const state = foldTo(header, begin);
    expect(containerOf(state)).toMatchObject({ id: POD, sandbox: { pid: 42, ready: true, shares: ['net'] } });
  });

  test('steps back for the first container in it, whose image it is', () => {
    const state = foldTo(header, [...begin, ...joined]);
    const own = containerOf(state);
    expect(own).toMatchObject({ id: OWN, pod: POD, layers: [{ diffId: 'sha256:1' }] });
    expect(podOf(state, own)).toMatchObject({ id: POD, layers: [] });
  });

  test('has those namespaces in common with its container that are the same by inode', () => {
    const state = foldTo(header, [...begin, ...joined]);
    const own = containerOf(state);
    expect([...sharedWithPod(own, podOf(state, own))]).toEqual(['net']);
  });

  test('has nothing else in common with it, whatever runtime works in both', () => {
    const late = [namespace(POD, 'mnt', 99), namespace(OWN, 'mnt', 99)];
    const state = foldTo(header, [...begin, ...joined, ...late]);
    const own = containerOf(state);
    expect([...sharedWithPod(own, podOf(state, own))]).toEqual(['net']);
  });

  test('of which nothing is left is told as gone', () => {
    const gone = fact('high-level/has-sandbox', POD, { id: POD, state: 'notready', gone: true });
    const state = foldTo(header, [...begin, ...joined, gone]);
    expect(podOf(state, containerOf(state))).toMatchObject({
      life: 'gone',
      sandbox: { gone: true, pid: 42 },
    });
  });
});

test('a real pod and the container in it are called by names that differ', async () => {
  const { header, events } = await recordedTrace('cri-run');
  expect(containersOf(foldTo(header, events)).map(containerTitle)).toEqual([
    'pod silent-ferry',
    'silent-ferry',
  ]);
});
