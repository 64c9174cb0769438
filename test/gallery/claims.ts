import type { TraceEvent } from '@underdock/trace';
import { expect } from 'vitest';
import type { GalleryTrace } from './recorded.ts';

type Claim = (trace: GalleryTrace) => void;

const of = ({ events }: GalleryTrace, step: string, type?: TraceEvent['type']): TraceEvent[] =>
  events.filter((event) => event.step === step && (type === undefined || event.type === type));
const names = ({ events }: GalleryTrace): string[] => [...new Set(events.map(({ actor }) => actor.name))];
const exits = (trace: GalleryTrace, step: 'client/command' | 'client/run', code: number) =>
  expect(of(trace, step, 'end').map(({ data }) => data.exitCode)).toEqual([code]);
const values = (trace: GalleryTrace, name: string) =>
  of(trace, 'kernel/has-cgroup-value')
    .filter(({ data }) => data.name === name)
    .map(({ data }) => data.value);
const output = (trace: GalleryTrace) =>
  of(trace, 'process/output')
    .map(({ data }) => Buffer.from(String(data.base64), 'base64').toString())
    .join('');
const layers = (trace: GalleryTrace, step: string) =>
  new Set(of(trace, step, 'end').map(({ span }) => span)).size;

const RELAY = ['docker', 'dockerd', 'containerd', 'containerd-shim-runc-v2', 'runc'];
const built = (trace: GalleryTrace, times = 1) => {
  const whole = of(trace, 'kernel/pivot-root', 'end').filter(({ data }) => data.error === undefined);
  expect(whole).toHaveLength(times);
};

function killedForMemory(trace: GalleryTrace): void {
  const [kill] = of(trace, 'kernel/oom-kill');
  expect(kill).toMatchObject({ grade: 'observed', data: { comm: 'sh' } });
  const limits = of(trace, 'kernel/has-cgroup-value').map(({ data }) => data.number);
  expect(limits).toContain(16 << 20);
}

function builtBy(runtime: string): Claim {
  return (trace) => {
    expect(trace.header).toMatchObject({ via: 'embedded', command: expect.arrayContaining([runtime]) });
    expect(names(trace)).toContain(runtime);
    exits(trace, 'client/run', 0);
    expect(output(trace)).toBe('hello\n');
    built(trace);
  };
}

function onV2(trace: GalleryTrace): void {
  expect(trace.header.host.cgroup).toBe('v2');
  const hierarchies = new Set(of(trace, 'kernel/cgroup-mkdir').map(({ data }) => data.hierarchy));
  expect(hierarchies.size).toBe(1);
}

/** What the title of each trace promises, to be found in it. A trace without a promise here fails the test. */
export const CLAIMS: Record<string, Claim> = {
  'docker-run': (trace) => {
    exits(trace, 'client/command', 0);
    expect(of(trace, 'high-level/fetch-layer')).toEqual([]);
    expect(names(trace)).toEqual(expect.arrayContaining(RELAY));
    built(trace);
  },
  'docker-pull': (trace) => {
    exits(trace, 'client/run', 0);
    expect([layers(trace, 'high-level/fetch-layer'), layers(trace, 'high-level/unpack-layer')]).toEqual([
      3, 3,
    ]);
    built(trace);
  },
  'docker-exec': (trace) => {
    exits(trace, 'client/command', 0);
    expect(of(trace, 'low-level/exec', 'end')).toHaveLength(1);
    expect(of(trace, 'kernel/setns', 'end').length).toBeGreaterThan(3);
    expect(of(trace, 'kernel/cgroup-mkdir')).toEqual([]);
    built(trace, 0);
  },
  compose: (trace) => {
    expect(trace.header.via).toBe('compose');
    const services = of(trace, 'engine/has-container').map(({ data }) => data.service);
    expect(new Set(services.filter(Boolean))).toEqual(new Set(['store', 'worker', 'web']));
    built(trace, 3);
  },
  whiteouts: (trace) => {
    const unpacked = of(trace, 'high-level/unpack-layer', 'end').map(({ data }) => data.whiteouts);
    expect(unpacked).toEqual([0, 0, 1]);
    expect(output(trace)).toContain('motd');
    expect(output(trace)).not.toContain('build-notes');
  },
  containerd: (trace) => {
    expect(trace.header.via).toBe('containerd');
    expect(names(trace)).toEqual(expect.arrayContaining(['containerd', 'containerd-shim-runc-v2', 'runc']));
    expect(names(trace).filter((name) => name.startsWith('docker'))).toEqual([]);
    expect(of(trace, 'high-level/create-task', 'end')).toHaveLength(1);
    built(trace);
  },
  cri: (trace) => {
    expect(trace.header.via).toBe('cri');
    expect(of(trace, 'high-level/run-sandbox', 'end')).toHaveLength(1);
    expect(of(trace, 'kernel/execve').some(({ data }) => (data.argv as string[])?.[0] === '/pause')).toBe(
      true,
    );
    built(trace, 2);
  },
  oci: (trace) => {
    expect(trace.header.via).toBe('oci');
    expect(names(trace).filter((name) => /dockerd|containerd|shim/.test(name))).toEqual([]);
    expect(of(trace, 'low-level/create', 'end')).toHaveLength(1);
    built(trace);
  },
  runc: (trace) => {
    builtBy('runc')(trace);
    expect(names(trace)).toEqual(expect.arrayContaining(['runc:[1:CHILD]', 'runc:[2:INIT]']));
  },
  crun: builtBy('crun'),
  'by-hand': builtBy('by-hand'),
  oom: (trace) => {
    exits(trace, 'client/command', 137);
    killedForMemory(trace);
  },
  'no-such-command': (trace) => {
    exits(trace, 'client/command', 127);
    const [failed] = of(trace, 'low-level/create', 'end').filter(({ data }) => data.error !== undefined);
    expect(failed?.data.message).toContain('hallo');
  },
  'read-only': (trace) => {
    exits(trace, 'client/run', 1);
    expect(output(trace)).toContain('Read-only file system');
    const mounts = of(trace, 'kernel/mount', 'begin').filter(({ data }) => data.target === '/');
    expect(mounts.some(({ data }) => String(data.flags).includes('MS_RDONLY'))).toBe(true);
  },
  capability: (trace) => {
    exits(trace, 'client/command', 1);
    const refused = of(trace, 'kernel/setuid', 'end').filter(({ data }) => data.error !== undefined);
    expect(refused.map(({ actor, data }) => [actor.name, data.error])).toEqual([['su', 'EPERM']]);
    expect(of(trace, 'kernel/setgid', 'end').filter(({ data }) => data.error !== undefined)).toEqual([]);
  },
  stop: (trace) => {
    exits(trace, 'client/command', 0);
    const sent = of(trace, 'high-level/shim-request', 'begin').filter(({ data }) =>
      String(data.method).endsWith('Task/Kill'),
    );
    expect(sent.map(({ data }) => (data.request as { signal?: unknown }).signal)).toEqual([15, 9]);
    expect(sent[1]!.at - sent[0]!.at).toBeGreaterThan(2900);
  },
  'limits-v1': (trace) => {
    expect(trace.header.host.cgroup).toBe('v1');
    expect(values(trace, 'memory.limit_in_bytes')).toContain('67108864');
    expect(values(trace, 'pids.max')).toContain('32');
    expect(new Set(of(trace, 'kernel/cgroup-mkdir').map(({ data }) => data.hierarchy)).size).toBeGreaterThan(
      5,
    );
  },
  'limits-v2': (trace) => {
    onV2(trace);
    expect(values(trace, 'memory.max')).toContain('67108864');
    expect(values(trace, 'cpu.max')).toContain('50000 100000');
    expect(values(trace, 'pids.max')).toContain('32');
  },
  'crun-v2': (trace) => {
    onV2(trace);
    expect(names(trace)).toContain('crun');
    expect(
      of(trace, 'kernel/clone').some(({ data }) => String(data.flags).includes('CLONE_INTO_CGROUP')),
    ).toBe(true);
  },
  'oom-v2': (trace) => {
    onV2(trace);
    exits(trace, 'client/run', 137);
    killedForMemory(trace);
  },
};
