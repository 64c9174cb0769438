import type { TraceEvent, TraceHeader } from '@underdock/trace';
import { create } from './sampleKernel.ts';
import { ID, INIT, Sample, UNDERDOCK } from './sampleWriter.ts';

/** Where a sample stops: what comes after that has not happened (yet). */
export type SampleEnd = 'pulling' | 'held' | 'running' | 'finished' | 'failed' | 'oom';

const DIGEST = (n: number) => `sha256:${String(n).repeat(64).slice(0, 64)}`;

/** The header of the sample; without `watched`, the kernel's watcher is missing. */
export function sampleHeader(id: string, watched = true): TraceHeader {
  return {
    underdock: 1,
    id,
    title: 'starter',
    via: 'embedded',
    command: ['underdock', 'run', '--memory', '64m', 'starter', '/bin/sh', '-c', 'echo hi; sleep 60'],
    startedAt: '2026-01-01T00:00:00.000Z',
    clock: { monotonicNs: '1000000', wallMs: 1767225600000 },
    host: { kernel: '6.18.0', arch: 'x86_64', cgroup: 'v2', root: watched, versions: { runc: '1.1.5' } },
    watchers: [
      watched
        ? { layer: 'kernel', name: 'bpftrace', state: 'ok' }
        : {
            layer: 'kernel',
            name: 'bpftrace',
            state: 'missing',
            why: 'bpftrace needs root: start underdock with sudo',
          },
    ],
    redacted: [],
  };
}

/** A run as it is told by the real engine, shortened; for states that a real one passes too fast or seldom. */
export function sampleEvents(until: SampleEnd): TraceEvent[] {
  const sample = new Sample();
  sample.begin('client/run', 'client', UNDERDOCK, 's1', { image: 'starter', options: { memory: '64m' } });
  sample.begin('engine/create-container', 'engine', UNDERDOCK, 's2', {
    id: ID,
    name: 'brave-diver',
    image: 'starter',
    limits: { memory: 67108864, pidsLimit: 256 },
    defaults: ['pidsLimit'],
  });
  pull(sample, until === 'pulling');
  if (until === 'pulling') return sample.events;
  prepare(sample);
  create(sample, until === 'failed');
  if (until === 'failed') return finish(sample, 125);
  if (until === 'held') {
    sample.begin('engine/hold', 'engine', UNDERDOCK, 's40', { why: 'asked for with --hold' }, ['s1']);
    return sample.events;
  }
  start(sample);
  if (until === 'running') return sample.events;
  if (until === 'oom') {
    const killed = { victimPid: 4108, comm: 'sh', anonRssKb: 65300 };
    sample.log('kernel/oom-kill', 'kernel', INIT, killed);
  }
  sample.log('kernel/exit', 'kernel', INIT, until === 'oom' ? { signal: 9 } : { exitCode: 0 });
  const exit = until === 'oom' ? { signal: 9 } : { exitCode: 0 };
  sample.fact('process/has-process', 'process', UNDERDOCK, {
    pid: 4108,
    comm: 'sh',
    role: 'init',
    alive: false,
    ...exit,
  });
  return finish(sample, until === 'oom' ? 137 : 0);
}

function pull(sample: Sample, halfway: boolean): void {
  const image = { reference: 'starter', registry: '127.0.0.1:40000', repository: 'starter', tag: 'latest' };
  const found = {
    digest: DIGEST(9),
    mediaType: 'application/vnd.oci.image.manifest.v1+json',
    platform: 'linux/amd64',
  };
  sample.act('high-level/resolve-image', 'high-level', UNDERDOCK, 's3', image, ['s2', 's1'], found);
  sample.act('high-level/fetch-manifest', 'high-level', UNDERDOCK, 's4', { digest: DIGEST(9) }, ['s2'], {
    bytes: 1120,
    layers: 3,
  });
  for (const index of [0, 1, 2]) {
    const totalBytes = [1_843_200, 20_480, 512][index]!;
    const layer = {
      index,
      digest: DIGEST(index + 1),
      mediaType: 'application/vnd.oci.image.layer.v1.tar+gzip',
      totalBytes,
    };
    const [fetch, verify, unpack] = [`s${10 + index}`, `s${14 + index}`, `s${18 + index}`];
    sample.begin('high-level/fetch-layer', 'high-level', UNDERDOCK, fetch, layer, ['s2']);
    sample.progress('high-level/fetch-layer', 'high-level', UNDERDOCK, fetch, {
      bytes: Math.round(totalBytes * 0.6),
      totalBytes,
    });
    if (halfway && index === 1) return;
    sample.end('high-level/fetch-layer', 'high-level', UNDERDOCK, fetch, { bytes: totalBytes });
    const ids = { index, digest: DIGEST(index + 1), diffId: DIGEST(index + 5) };
    sample.act('high-level/verify-layer', 'high-level', UNDERDOCK, verify, ids, ['s2'], ids);
    sample.act('high-level/unpack-layer', 'high-level', UNDERDOCK, unpack, ids, ['s2'], {
      entries: 40,
      files: 31,
      bytes: totalBytes * 2,
      whiteouts: index === 2 ? 1 : 0,
    });
    sample.fact(
      'high-level/has-layer',
      'high-level',
      UNDERDOCK,
      { ...ids, bytes: totalBytes, unpackedBytes: totalBytes * 2 },
      unpack,
    );
  }
}

function prepare(sample: Sample): void {
  const target = '/var/lib/underdock/runs/sample/rootfs';
  sample.act(
    'high-level/prepare-snapshot',
    'high-level',
    UNDERDOCK,
    's22',
    { kind: 'overlay', lower: ['1', '2', '3'], target },
    ['s2'],
    { kind: 'overlay' },
  );
  sample.fact(
    'high-level/has-snapshot',
    'high-level',
    UNDERDOCK,
    { kind: 'overlay', target, layers: 3 },
    's22',
  );
  sample.act(
    'high-level/write-config',
    'high-level',
    UNDERDOCK,
    's23',
    { path: '/var/lib/underdock/runs/sample/config.json', ociVersion: '1.0.2' },
    ['s2'],
    {
      provenance: [
        { flag: '--memory', from: 'flag', field: 'linux.resources.memory.limit', value: 67108864 },
      ],
    },
  );
}

function start(sample: Sample): void {
  sample.begin(
    'low-level/start',
    'low-level',
    UNDERDOCK,
    's41',
    { runtime: 'runc', argv: ['runc', 'start', ID] },
    ['s1'],
  );
  sample.log(
    'kernel/execve',
    'kernel',
    INIT,
    { syscall: 'execve', path: '/bin/sh', argv: ['/bin/sh', '-c', 'echo hi; sleep 60'] },
    ['s41'],
  );
  sample.fact('process/has-process', 'process', UNDERDOCK, {
    pid: 4108,
    innerPid: 1,
    comm: 'sh',
    argv: ['/bin/sh', '-c', 'echo hi; sleep 60'],
    role: 'init',
    alive: true,
  });
  sample.end('low-level/start', 'low-level', UNDERDOCK, 's41', { exitCode: 0 });
  sample.fact('engine/has-container', 'engine', UNDERDOCK, { id: ID, name: 'brave-diver', state: 'running' });
  sample.log('process/output', 'process', INIT, {
    stream: 'stdout',
    base64: Buffer.from('hi\n').toString('base64'),
  });
}

function finish(sample: Sample, exitCode: number): TraceEvent[] {
  sample.act(
    'low-level/delete',
    'low-level',
    UNDERDOCK,
    's50',
    { runtime: 'runc', argv: ['runc', 'delete', '--force', ID] },
    ['s2'],
    { exitCode: 0 },
  );
  const failed = exitCode === 125 ? { error: 'create-failed', message: 'runc create failed' } : {};
  sample.end('engine/create-container', 'engine', UNDERDOCK, 's2', failed);
  sample.fact('engine/has-container', 'engine', UNDERDOCK, {
    id: ID,
    name: 'brave-diver',
    state: 'stopped',
    exitCode,
    gone: true,
  });
  sample.end('client/run', 'client', UNDERDOCK, 's1', { exitCode, ...failed });
  return sample.events;
}
