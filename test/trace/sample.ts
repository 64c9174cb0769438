import { encodeLine, type TraceEvent, type TraceHeader } from '@underdock/trace';

/** A header that is valid. */
export function sampleHeader(more: Partial<TraceHeader> = {}): TraceHeader {
  return {
    underdock: 1,
    id: 'abc123',
    title: 'starter echo hi',
    via: 'embedded',
    command: ['underdock', 'run', 'starter', 'echo', 'hi'],
    startedAt: '2026-01-01T00:00:00.000Z',
    clock: { monotonicNs: '123456789', wallMs: 1767225600000 },
    host: { kernel: '6.1', arch: 'x86_64', cgroup: 'v2', root: true, versions: { runc: '1.1.5' } },
    watchers: [{ layer: 'kernel', name: 'bpftrace', state: 'ok' }],
    redacted: ['env API_KEY'],
    ...more,
  };
}

/** An event that is valid, a `log` unless said otherwise. */
export function sampleEvent(seq: number, more: Partial<TraceEvent> = {}): TraceEvent {
  return {
    seq,
    at: seq,
    type: 'log',
    step: 'kernel/exit',
    layer: 'kernel',
    actor: { name: 'sh', pid: 4711 },
    data: { exitCode: 0 },
    evidence: [{ source: 'tracepoint', raw: { comm: 'sh' } }],
    grade: 'observed',
    ...more,
  };
}

const DIGEST = `sha256:${'ab'.repeat(32)}`;

/** A small whole trace: nested spans, a cause, progress, a layer, a fact. */
export function sampleEvents(): TraceEvent[] {
  const run = { step: 'client/run', layer: 'client', span: 's1' } as const;
  const fetch = { step: 'high-level/fetch-layer', layer: 'high-level', span: 's2', cause: ['s1'] } as const;
  const layer = { index: 0, digest: DIGEST };
  const parts: Partial<TraceEvent>[] = [
    { ...run, type: 'begin', data: { image: 'starter' } },
    { ...fetch, cause: ['s1'], type: 'begin', data: { ...layer, totalBytes: 10 } },
    { ...fetch, cause: ['s1'], type: 'progress', data: { ...layer, bytes: 5, totalBytes: 10 } },
    { ...fetch, cause: ['s1'], type: 'end', data: { ...layer, bytes: 10 } },
    { type: 'fact', step: 'high-level/has-layer', layer: 'high-level', data: layer },
    { step: 'process/output', layer: 'process', data: { stream: 'stdout', base64: 'aGkK' } },
    { step: 'trace/lost-records', data: { name: 'bpftrace', count: 3 } },
    { ...run, type: 'end', data: { exitCode: 0 } },
  ];
  return parts.map((part, index) => sampleEvent(index + 1, part));
}

/** The text of a trace file. */
export function sampleText(events = sampleEvents(), header = sampleHeader()): string {
  return [header, ...events].map(encodeLine).join('');
}
