import type { TraceEvent, TraceHeader } from '@underdock/trace';

/** A header for events that a test writes by hand. */
export const header: TraceHeader = {
  underdock: 1,
  id: 'test',
  title: 'a test',
  via: 'embedded',
  command: ['underdock', 'run', 'starter'],
  startedAt: '2026-01-01T00:00:00.000Z',
  clock: { monotonicNs: '0', wallMs: 0 },
  host: { kernel: '6.1', arch: 'x64', cgroup: 'v2', root: true, versions: { runc: '1.1.5' } },
  watchers: [{ layer: 'kernel', name: 'bpftrace', state: 'ok' }],
  redacted: [],
};

type Given = Partial<TraceEvent> & Pick<TraceEvent, 'step'>;

/** Events from what matters of them: numbered, one ms apart, by `underdock` in the step's own layer. */
export function events(...given: Given[]): TraceEvent[] {
  return given.map((one, i) => ({
    seq: i + 1,
    at: i + 1,
    type: 'log',
    layer: one.step.split('/')[0] as TraceEvent['layer'],
    actor: { name: 'underdock', pid: 10 },
    data: {},
    evidence: [],
    grade: 'observed',
    ...one,
  }));
}
