import type { Actor, Layer, TraceEvent, TraceHeader } from '@underdock/trace';

/** Where a sample stops: what comes after that has not happened (yet). */
export type SampleEnd = 'pulling' | 'held' | 'running' | 'finished' | 'failed' | 'oom';

const ID = '4f1c9a7d2be84630b1f05a6c7d8e9f00112233445566778899aabbccddeeff00';
const DIGEST = (n: number) => `sha256:${String(n).repeat(64).slice(0, 64)}`;
const UNDERDOCK: Actor = { name: 'underdock', pid: 4000, version: '0.1.0' };
const RUNC: Actor = { name: 'runc', pid: 4100, version: '1.1.5' };
const CHILD: Actor = { name: 'runc:[1:CHILD]', pid: 4107 };
const INIT: Actor = { name: 'runc:[2:INIT]', pid: 4108 };
const KINDS = ['mnt', 'pid', 'net', 'uts', 'ipc', 'cgroup'];

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

class Sample {
  readonly events: TraceEvent[] = [];
  at = 0;

  #add(event: Pick<TraceEvent, 'type' | 'step' | 'layer' | 'actor' | 'data'> & Partial<TraceEvent>): void {
    this.at += 0.7 + (this.events.length % 5) * 0.9;
    const raw = { event: event.step, ...event.data };
    const seen = event.layer === 'kernel' ? 'tracepoint' : 'self';
    this.events.push({
      seq: this.events.length + 1,
      at: Math.round(this.at * 1000) / 1000,
      evidence: [{ source: event.type === 'fact' ? 'procfs' : seen, raw }],
      grade: event.type === 'fact' ? 'read-back' : 'observed',
      container: ID,
      ...event,
    });
  }

  begin(step: string, layer: Layer, actor: Actor, span: string, data = {}, cause?: string[]): void {
    this.#add({ type: 'begin', step, layer, actor, span, data, ...(cause && { cause }) });
  }
  end(step: string, layer: Layer, actor: Actor, span: string, data = {}): void {
    this.#add({ type: 'end', step, layer, actor, span, data });
  }
  act(step: string, layer: Layer, actor: Actor, span: string, data: object, cause: string[], end = {}): void {
    this.begin(step, layer, actor, span, data, cause);
    this.end(step, layer, actor, span, end);
  }
  progress(step: string, layer: Layer, actor: Actor, span: string, data: object): void {
    this.#add({ type: 'progress', step, layer, actor, span, data: { ...data } });
  }
  log(step: string, layer: Layer, actor: Actor, data: object, cause?: string[]): void {
    this.#add({ type: 'log', step, layer, actor, data: { ...data }, ...(cause && { cause }) });
  }
  fact(step: string, layer: Layer, actor: Actor, data: object, span?: string): void {
    this.#add({ type: 'fact', step, layer, actor, data: { ...data }, ...(span && { span }) });
  }
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

function create(sample: Sample, fails: boolean): void {
  const argv = ['runc', 'create', '--bundle', '/var/lib/underdock/runs/sample', ID];
  sample.begin(
    'low-level/create',
    'low-level',
    UNDERDOCK,
    's24',
    { runtime: 'runc', argv, bundle: '/var/lib/underdock/runs/sample' },
    ['s2', 's1'],
  );
  sample.log('kernel/execve', 'kernel', RUNC, { syscall: 'execve', path: '/usr/sbin/runc', argv }, ['s24']);
  const namespaces = KINDS.filter((kind) => kind !== 'cgroup');
  sample.act(
    'kernel/unshare',
    'kernel',
    CHILD,
    's25',
    { syscall: 'unshare', flags: ['NEWNS', 'NEWUTS', 'NEWIPC', 'NEWPID', 'NEWNET'], namespaces },
    ['s24'],
  );
  sample.log(
    'kernel/cgroup-mkdir',
    'kernel',
    RUNC,
    { path: `/underdock/${ID.slice(0, 12)}`, hierarchy: 0, controllers: ['memory', 'pids', 'cpu'] },
    ['s24'],
  );
  for (const [i, [name, value]] of [
    ['memory.max', '67108864'],
    ['pids.max', '256'],
  ].entries()) {
    const file = `/sys/fs/cgroup/underdock/${ID.slice(0, 12)}/${name}`;
    sample.act(
      'kernel/cgroup-write',
      'kernel',
      RUNC,
      `s${26 + i}`,
      { syscall: 'write', file, name, value, controllers: [] },
      ['s24'],
    );
  }
  for (let i = 0; i < 6; i++) {
    const target = ['/proc', '/dev', '/dev/pts', '/sys', '/dev/shm', '/dev/mqueue'][i]!;
    sample.act(
      'kernel/mount',
      'kernel',
      INIT,
      `m${i}`,
      { syscall: 'mount', source: 'tmpfs', target, fstype: 'tmpfs', flags: ['MS_NOSUID'] },
      ['s24'],
    );
  }
  sample.act(
    'kernel/pivot-root',
    'kernel',
    INIT,
    's29',
    { syscall: 'pivot_root', newRoot: '.', putOld: '.' },
    ['s24'],
  );
  if (fails) {
    const error = {
      error: 'ENOENT',
      message: 'there is no /bin/shh in the image',
      remedy: 'check the command, or look into the image with ls',
    };
    sample.end('low-level/create', 'low-level', UNDERDOCK, 's24', { exitCode: 1, ...error });
    return;
  }
  sample.act('kernel/no-new-privs', 'kernel', INIT, 's30', { syscall: 'prctl' }, ['s24']);
  sample.act(
    'kernel/seccomp',
    'kernel',
    INIT,
    's31',
    { syscall: 'seccomp', operation: 'SET_MODE_FILTER', instructions: 412 },
    ['s24'],
  );
  sample.end('low-level/create', 'low-level', UNDERDOCK, 's24', { exitCode: 0, pid: 4108 });
  readBack(sample);
}

function readBack(sample: Sample): void {
  KINDS.forEach((kind, i) => {
    const data = {
      kind,
      inode: String(4026532201 + i),
      hostInode: String(4026531835 + i),
      own: true,
      pid: 4108,
    };
    sample.fact('kernel/has-namespace', 'kernel', UNDERDOCK, data, 's25');
  });
  for (const kind of ['user', 'time']) {
    const data = { kind, inode: '4026531837', hostInode: '4026531837', own: false, pid: 4108 };
    sample.fact('kernel/has-namespace', 'kernel', UNDERDOCK, data, 's25');
  }
  const cgroup = `/sys/fs/cgroup/underdock/${ID.slice(0, 12)}`;
  sample.fact(
    'kernel/has-cgroup-value',
    'kernel',
    UNDERDOCK,
    {
      file: `${cgroup}/memory.max`,
      name: 'memory.max',
      value: '67108864',
      controller: 'memory',
      meaning: 'memory',
      number: 67108864,
      now: 1_900_000,
    },
    's26',
  );
  sample.fact(
    'kernel/has-cgroup-value',
    'kernel',
    UNDERDOCK,
    {
      file: `${cgroup}/pids.max`,
      name: 'pids.max',
      value: '256',
      controller: 'pids',
      meaning: 'pids',
      number: 256,
      now: 1,
    },
    's27',
  );
  const mounts = [
    ['/', 'overlay'],
    ['/proc', 'proc'],
    ['/dev', 'tmpfs'],
    ['/dev/pts', 'devpts'],
    ['/sys', 'sysfs'],
  ];
  for (const [mountPoint, fstype] of mounts) {
    sample.fact('kernel/has-mount', 'kernel', UNDERDOCK, {
      mountPoint,
      fstype,
      source: fstype,
      options: ['rw'],
      readOnly: fstype === 'sysfs',
    });
  }
  sample.fact(
    'kernel/has-restriction',
    'kernel',
    UNDERDOCK,
    { kind: 'seccomp', value: 'filter', pid: 4108 },
    's31',
  );
  sample.fact(
    'kernel/has-restriction',
    'kernel',
    UNDERDOCK,
    { kind: 'no-new-privs', value: true, pid: 4108 },
    's30',
  );
  sample.fact('kernel/has-restriction', 'kernel', UNDERDOCK, {
    kind: 'capabilities',
    value: ['CHOWN', 'KILL'],
    dropped: ['SYS_ADMIN', 'NET_ADMIN'],
    pid: 4108,
  });
  sample.fact('process/has-process', 'process', UNDERDOCK, {
    pid: 4108,
    innerPid: 1,
    comm: 'runc:[2:INIT]',
    role: 'init',
    waiting: true,
    alive: true,
  });
  sample.fact('engine/has-container', 'engine', UNDERDOCK, { id: ID, name: 'brave-diver', state: 'created' });
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
