import { encodeLine, type TraceEvent, verifyTrace } from '@underdock/trace';
import { createWeave, type RawRecord } from '@underdock/weave';
import { describe, expect, it } from 'vitest';
import { countSteps, readRecorded, weaveRecorded } from './recorded.ts';

const HEADER = encodeLine({
  underdock: 1,
  id: 'recorded',
  title: 'recorded',
  via: 'oci',
  command: [],
  startedAt: '2026-01-01T00:00:00.000Z',
  clock: { monotonicNs: '0', wallMs: 0 },
  host: { kernel: '', arch: '', cgroup: 'hybrid', root: true, versions: {} },
  watchers: [],
  redacted: [],
});
const verdict = (events: TraceEvent[]) => verifyTrace([HEADER, ...events.map(encodeLine)]);
const facts = (events: TraceEvent[], step: string) => events.filter((event) => event.step === step);

describe.each(['runc', 'crun', 'oom', 'unshare', 'runc-strace'])('the recorded run %s', (name) => {
  const events = weaveRecorded(readRecorded(name));

  it('makes a whole trace', async () => {
    expect(await verdict(events)).toEqual({ state: 'whole', events: events.length, faults: [] });
  });

  it('gives every event evidence, and every kernel act the cause that started the runtime', () => {
    for (const event of events) {
      expect(event.evidence.length, event.step).toBeGreaterThan(0);
      if (event.layer === 'kernel') expect(event.cause).toEqual(['s1']);
    }
  });

  it('says of each process that it lives, and of each that it is gone', () => {
    const alive = new Set<unknown>();
    for (const { data } of facts(events, 'process/has-process')) {
      if (data.alive) alive.add(data.pid);
      else expect(alive.delete(data.pid)).toBe(true);
    }
    expect([...alive]).toEqual([]);
  });

  it('comes out in the order of the instants', () => {
    const at = events.map((event) => event.at);
    expect(at).toEqual([...at].sort((a, b) => a - b));
  });
});

describe('a recorded run of runc', () => {
  const events = weaveRecorded(readRecorded('runc'));

  it('tells each act once', () => {
    const { 'kernel/kill': _kills, ...counts } = countSteps(events);
    expect(counts).toMatchSnapshot();
  });

  it('names the programs as they name themselves', () => {
    const names = facts(events, 'kernel/unshare').map((event) => event.actor.name);
    expect(new Set(names)).toEqual(new Set(['runc:[1:CHILD]']));
    expect(facts(events, 'kernel/pivot-root')[0]?.actor.name).toBe('runc:[2:INIT]');
  });

  it('decodes unshare’s flags and shows each namespace’s inode beside the host’s', () => {
    const unshare = facts(events, 'kernel/unshare').find((event) => event.type === 'begin');
    expect(unshare?.data.namespaces).toEqual(['mnt', 'uts', 'ipc', 'pid', 'net']);
    for (const { data, span } of facts(events, 'kernel/has-namespace')) {
      expect(data).toMatchObject({ own: true, inode: expect.any(Number), hostInode: expect.any(Number) });
      expect(data.inode).not.toBe(data.hostInode);
      expect(span).toBe(unshare?.span);
    }
  });

  it('finds the init: the first process of a new pid namespace', () => {
    const inits = facts(events, 'process/has-process').filter(({ data }) => data.role === 'init');
    expect(new Set(inits.map(({ data }) => data.pid)).size).toBe(1);
    expect(inits.some(({ data }) => data.innerPid === 1)).toBe(true);
    expect(inits.at(-1)?.data).toMatchObject({ exitCode: 3, alive: false, gone: true });
  });

  it('makes a value out of a write to a limit’s file', () => {
    const [limit] = facts(events, 'kernel/has-cgroup-value').filter(({ data }) => data.meaning === 'memory');
    expect(limit?.data).toMatchObject({ name: 'memory.limit_in_bytes', value: '67108864', number: 67108864 });
    expect(limit?.data.file).toMatch(
      /^\/sys\/fs\/cgroup\/memory\/(.*\/)?underdock-\w+\/memory.limit_in_bytes$/,
    );
  });

  it('tells the runtime’s questions about seccomp from the filter that it installs', () => {
    const begins = facts(events, 'kernel/seccomp').filter((event) => event.type === 'begin');
    const installs = begins.filter(({ data }) => !data.probe);
    expect(installs.length).toBeGreaterThanOrEqual(1);
    expect(installs.at(-1)?.data.instructions).toBeGreaterThan(0);
    expect(begins.length - installs.length).toBeGreaterThan(10);
  });

  it('tells a successful execve as one log with its arguments, a failed one as begin and end', () => {
    const execs = facts(events, 'kernel/execve');
    const container = execs.find(({ type, data }) => type === 'log' && data.path === '/bin/sh');
    expect(container?.data.argv).toEqual(['/bin/sh', '-c', 'echo hello; /bin/id; exit 3']);
  });
});

describe('the same run seen by bpftrace and by strace', () => {
  it('shows the same acts, whoever watched', () => {
    const [probe, strace] = ['runc', 'runc-strace'].map((name) =>
      countSteps(weaveRecorded(readRecorded(name))),
    );
    const acts = [
      'mount',
      'pivot-root',
      'capset',
      'drop-bounding',
      'cgroup-write',
      'cgroup-mkdir',
      'seccomp',
      'exit',
    ];
    for (const act of acts) expect(strace?.[`kernel/${act}`], act).toBe(probe?.[`kernel/${act}`]);
  });
});

describe('a run that is killed for its memory', () => {
  it('shows the kernel’s choice with the victim’s size', () => {
    const events = weaveRecorded(readRecorded('oom'));
    const [kill, ...more] = facts(events, 'kernel/oom-kill');
    expect(more).toEqual([]);
    expect(kill?.data).toMatchObject({ comm: 'tail', anonRssKb: expect.any(Number) });
    const dead = facts(events, 'kernel/exit').find(({ actor }) => actor.pid === kill?.data.victimPid);
    expect(dead?.data).toEqual({ exitCode: 137, signal: 9 });
  });
});

describe('a weave', () => {
  const place = { source: 'tracepoint', pid: 10, tid: 10, comm: 'runc' } as const;
  const spawned: RawRecord = {
    kind: 'spawned',
    at: 2,
    pid: 10,
    span: 's1',
    layer: 'low-level',
    actor: 'runc',
  };
  const begin: RawRecord = {
    kind: 'self',
    at: 1,
    type: 'begin',
    step: 'low-level/create',
    layer: 'low-level',
    actor: { name: 'underdock' },
    span: 's1',
    data: {},
  };
  const woven = (...records: RawRecord[]) => {
    const events: TraceEvent[] = [];
    const weave = createWeave({ emit: (event) => events.push(event) });
    weave.newSpan();
    for (const record of records) weave.add(record);
    weave.close(100);
    return events;
  };
  const unshare = (phase: 'enter' | 'exit', at: number, result?: number): RawRecord => {
    return {
      kind: 'syscall',
      phase,
      name: 'unshare',
      args: phase === 'enter' ? { flags: 0x20000 } : {},
      result,
      at,
      ...place,
    };
  };

  it('passes over processes that are not of its run', () => {
    const stranger: RawRecord = { ...place, kind: 'fork', at: 3, pid: 99, tid: 99, childPid: 100 };
    const events = woven(begin, spawned, stranger);
    expect(events.map((event) => event.step)).toEqual([
      'low-level/create',
      'process/has-process',
      'low-level/create',
    ]);
  });

  it('knows whose process it is even when the kernel tells of it before underdock does', () => {
    const early: RawRecord = { ...place, kind: 'exec', at: 1.5, path: '/usr/sbin/runc', newComm: 'runc' };
    const events = woven({ kind: 'clock', at: 1, source: 'bpftrace' }, begin, early, spawned);
    expect(events.map((event) => event.step)).toContain('kernel/execve');
  });

  it('ends a failed call with the errno’s name', () => {
    const events = woven(begin, spawned, unshare('enter', 3), unshare('exit', 4, -1));
    const end = events.find((event) => event.type === 'end' && event.step === 'kernel/unshare');
    expect(end?.data).toEqual({ error: 'EPERM' });
  });

  it('ends what never returned when it closes, and says so', () => {
    const events = woven(begin, spawned, unshare('enter', 3));
    const ends = events.filter((event) => event.type === 'end');
    expect(ends.map(({ step, data }) => [step, data])).toEqual([
      ['kernel/unshare', { open: true }],
      ['low-level/create', { open: true }],
    ]);
  });

  it('blames the start for what the waiting init does from then on', () => {
    const container = 'c1';
    const start = { ...begin, at: 5, step: 'low-level/start', span: 's2', container } as RawRecord;
    const exec: RawRecord = { ...place, kind: 'exec', at: 6, path: '/bin/sh' };
    const events = woven(begin, { ...spawned, container }, start, exec);
    expect(events.find((event) => event.step === 'kernel/execve')).toMatchObject({
      cause: ['s2'],
      container,
    });
  });

  it('counts what was lost', () => {
    const [, , lost] = woven(begin, spawned, {
      kind: 'lost',
      at: 3,
      layer: 'kernel',
      name: 'bpftrace',
      count: 7,
    });
    expect(lost).toMatchObject({ step: 'trace/lost-records', data: { name: 'bpftrace', count: 7 } });
  });
});
