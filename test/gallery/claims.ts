import type { TraceEvent } from '@underdock/trace';
import { expect } from 'vitest';
import type { GalleryTrace } from './recorded.ts';

type Claim = (trace: GalleryTrace) => void;

const of = ({ events }: GalleryTrace, step: string, type?: TraceEvent['type']): TraceEvent[] =>
  events.filter((event) => event.step === step && (type === undefined || event.type === type));
const exits = (trace: GalleryTrace, code: number) =>
  expect(of(trace, 'client/command', 'end').map(({ data }) => data.exitCode)).toEqual([code]);
const actors = ({ events }: GalleryTrace) => new Set(events.map(({ actor }) => actor.name));

/** What the title of each trace promises, to be found in it. A trace without a promise here fails the test. */
export const CLAIMS: Record<string, Claim> = {
  'docker-run': (trace) => {
    exits(trace, 0);
    expect(of(trace, 'engine/pull')).toEqual([]);
    expect([...actors(trace)]).toEqual(
      expect.arrayContaining(['docker', 'dockerd', 'containerd', 'containerd-shim-runc-v2', 'runc']),
    );
    expect(of(trace, 'kernel/pivot-root', 'end')).toHaveLength(1);
  },
  runc: (trace) => {
    expect(trace.header.via).toBe('oci');
    expect([...actors(trace)].filter((name) => /dockerd|containerd|shim/.test(name))).toEqual([]);
    expect(of(trace, 'low-level/create', 'end')).toHaveLength(1);
  },
  oom: (trace) => {
    exits(trace, 137);
    const [kill] = of(trace, 'kernel/oom-kill');
    expect(kill).toMatchObject({ grade: 'observed', data: { comm: 'sh' } });
    const limits = of(trace, 'kernel/has-cgroup-value').map(({ data }) => data.number);
    expect(limits).toContain(16 << 20);
  },
};
