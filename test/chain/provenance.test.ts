import {
  containersIn,
  FLAGS,
  type FlagName,
  flagNamed,
  type ProvenanceLine,
  provenanceOf,
} from '@underdock/chain';
import type { TraceEvent, TraceHeader } from '@underdock/trace';
import { describe, expect, it } from 'vitest';
import { RECORDED, recordedTrace } from '../fixtures/traces.ts';
import { events, header } from './events.ts';

const id = 'c'.repeat(64);

/** Each step of a line in a few words: place, name and value, or why there is none. */
function told({ steps }: ProvenanceLine): string[] {
  return steps.map((step) =>
    step.kind === 'link'
      ? `${step.place}: ${step.what} = ${step.value}${step.differs ? ' !' : ''}`
      : `${step.place}: ${step.kind}: ${step.why}`,
  );
}

function one(of: TraceHeader, all: readonly TraceEvent[], flag: FlagName): ProvenanceLine {
  const lines = provenanceOf(of, all, { flags: [flag] });
  expect(lines).toHaveLength(1);
  return lines[0]!;
}

describe('the way of a flag in recorded runs', () => {
  it('goes from the command to what the kernel shows, each link with its event', async () => {
    const { header: real, events: all } = await recordedTrace('oom');
    const line = one(real, all, 'memory');
    expect(told(line)).toEqual([
      'flag: --memory = 24m',
      'api: limits.memory = 25165824',
      'config: linux.resources.memory.limit = 25165824',
      'kernel: memory.limit_in_bytes = 25165824',
      'now: memory.limit_in_bytes = 25165824',
    ]);
    expect(line.agrees).toBe(true);
    const bySeq = new Map(all.map((event) => [event.seq, event]));
    expect(line.steps.map((step) => step.kind === 'link' && bySeq.get(step.seq)?.step)).toEqual([
      'client/run',
      'engine/create-container',
      'high-level/write-config',
      'kernel/cgroup-write',
      'kernel/has-cgroup-value',
    ]);
    expect(line.steps.map((step) => step.kind === 'link' && step.grade)).toEqual([
      'observed',
      'observed',
      'observed',
      'observed',
      'read-back',
    ]);
  });

  it('says of a default that nobody asked for it, and that it is underdock’s own', async () => {
    const { header: real, events: all } = await recordedTrace('runc');
    const line = one(real, all, 'pids');
    expect(line.from).toBe('default');
    expect(line.steps[0]).toMatchObject({ kind: 'none', place: 'flag' });
    expect(line.steps[1]).toMatchObject({ value: '256', note: 'underdock’s own default' });
  });

  it('names the reason where nobody watched the kernel, and still shows what was read back', async () => {
    const { header: real, events: all } = await recordedTrace('unwatched');
    const line = one(real, all, 'cpus');
    expect(line.steps[3]).toMatchObject({ kind: 'gap', place: 'kernel' });
    expect(line.steps[3]).toHaveProperty(
      'why',
      expect.stringMatching(/^nobody watched the kernel: bpftrace is not/),
    );
    expect(line.steps[4]).toMatchObject({ what: 'cpu.cfs_quota_us', value: '50000', words: '0.5 cpus' });
    expect(line.agrees).toBe(true);
  });

  it('takes a call that came after the reading for unwitnessed: by hand the user changes last', async () => {
    const { header: real, events: all } = await recordedTrace('by-hand');
    const [, , , set, now] = one(real, all, 'user').steps;
    expect(set).toMatchObject({ kind: 'link', place: 'kernel' });
    expect(now).toMatchObject({ kind: 'gap', why: expect.stringContaining('only before that call') });
  });

  it.each(RECORDED)('never contradicts itself in %s, and leaves no place without a word', async (name) => {
    const { header: real, events: all } = await recordedTrace(name);
    const lines = provenanceOf(real, all);
    for (const line of lines) {
      expect(told(line).filter((text) => text.endsWith('!'))).toEqual([]);
      expect([...new Set(line.steps.map(({ place }) => place))]).toEqual([
        'flag',
        'api',
        'config',
        'kernel',
        'now',
      ]);
      for (const text of told(line)) expect(text).not.toMatch(/undefined|NaN|\[object|= $/);
    }
    expect(new Set(lines.map(({ flag }) => flag)).size).toBeGreaterThanOrEqual(8);
  });

  it('is the same whatever order the lines of the file came in, and grows with the run', async () => {
    const { header: real, events: all } = await recordedTrace('runc');
    expect(provenanceOf(real, all.toReversed())).toEqual(provenanceOf(real, all));
    const early = one(real, all.slice(0, 3), 'memory');
    expect(told(early).slice(2)).toEqual([
      'config: none: the run has not come to this yet',
      'kernel: none: the run has not come to this yet',
      'now: none: the run has not come to this yet',
    ]);
  });
});

const request = (body: Record<string, unknown>, more: object = {}) => ({
  step: 'client/request',
  type: 'begin' as const,
  container: id,
  data: { method: 'POST', path: '/containers/create', request: body },
  ...more,
});
const config = (value: Record<string, unknown>) => ({
  step: 'high-level/has-config',
  type: 'fact' as const,
  layer: 'high-level' as const,
  container: id,
  grade: 'read-back' as const,
  data: { id, path: '/run/bundle/config.json', config: value },
});
const typed = (...argv: string[]) => ({
  step: 'client/command',
  type: 'begin' as const,
  actor: { name: 'docker', pid: 9 },
  data: { argv: ['/usr/bin/docker', ...argv] },
});
const built = { step: 'low-level/create', type: 'end' as const, span: 'l', container: id };
const write = (name: string, value: string, span = name) => [
  {
    step: 'kernel/cgroup-write',
    type: 'begin' as const,
    span,
    container: id,
    actor: { name: 'runc', pid: 20 },
    data: { file: `/sys/fs/cgroup/docker/${id}/${name}`, name, value },
  },
  {
    step: 'kernel/cgroup-write',
    type: 'end' as const,
    span,
    container: id,
    actor: { name: 'runc', pid: 20 },
  },
];
const shows = (name: string, value: string) => ({
  step: 'kernel/has-cgroup-value',
  type: 'fact' as const,
  container: id,
  grade: 'read-back' as const,
  data: { file: `/sys/fs/cgroup/docker/${id}/${name}`, name, value },
});
const ofDocker = { ...header, via: 'docker' as const };

describe('the way of a flag on a Docker host', () => {
  it('begins with the command that somebody typed, in any of docker’s spellings', () => {
    const asked = (...argv: string[]) => told(one(ofDocker, events(typed(...argv), built), 'memory'))[0];
    expect(asked('run', '-it', '-m', '64m', 'nginx')).toBe('flag: --memory = 64m');
    expect(asked('run', '-dm64m', 'nginx')).toBe('flag: --memory = 64m');
    expect(asked('--debug', 'run', '--rm', '--name', 'x', '--memory=64m', 'nginx')).toBe(
      'flag: --memory = 64m',
    );
    // What follows the image is the container's own command.
    expect(asked('run', '--rm', 'nginx', '--memory', '1g')).toBe('flag: none: --memory was not given');
  });

  it('compares values across their units, and over v2’s names', () => {
    const all = events(
      typed('run', '--memory', '64m', '--cpus', '1.5', '--pids-limit', '-1', 'x'),
      request({ HostConfig: { Memory: 67108864, NanoCpus: 1500000000, PidsLimit: -1 } }),
      config({
        linux: { resources: { memory: { limit: 67108864 }, cpu: { quota: 150000, period: 100000 } } },
      }),
      ...write('memory.max', '67108864'),
      ...write('cpu.max', '150000 100000'),
      ...write('pids.max', 'max'),
      built,
      shows('memory.max', '67108864'),
      shows('cpu.max', '150000 100000'),
      shows('pids.max', 'max'),
    );
    const lines = provenanceOf(ofDocker, all, { flags: ['memory', 'cpus', 'pids'] });
    expect(lines.map(({ agrees }) => agrees)).toEqual([true, true, true]);
    expect(lines.flatMap(told)).toEqual([
      'flag: --memory = 64m',
      'api: HostConfig.Memory = 67108864',
      'config: linux.resources.memory.limit = 67108864',
      'kernel: memory.max = 67108864',
      'now: memory.max = 67108864',
      'flag: --cpus = 1.5',
      'api: HostConfig.NanoCpus = 1500000000',
      'config: linux.resources.cpu.quota = 150000 of 100000 µs',
      'kernel: cpu.max = 150000 100000',
      'now: cpu.max = 150000 100000',
      'flag: --pids-limit = -1',
      'api: HostConfig.PidsLimit = -1',
      'config: none: no such field: no limit',
      'kernel: pids.max = max',
      'now: pids.max = max',
    ]);
  });

  it('says where a value is not what stands further up', () => {
    const all = events(
      typed('run', '--memory', '64m', 'x'),
      request({ HostConfig: { Memory: 67108864 } }),
      config({ linux: { resources: { memory: { limit: 67108864 } } } }),
      ...write('memory.limit_in_bytes', '33554432'),
      built,
      shows('memory.limit_in_bytes', '33554432'),
    );
    const line = one(ofDocker, all, 'memory');
    expect(line.agrees).toBe(false);
    expect(line.steps[3]).toMatchObject({
      differs: 'linux.resources.memory.limit says 64 MiB, this says 32 MiB',
    });
    expect(line.steps[4]).not.toHaveProperty('differs');
  });

  it('takes unlimited for what it is in each layer’s own words', () => {
    for (const value of ['max', '-1', '9223372036854771712']) {
      const name = value === 'max' ? 'memory.max' : 'memory.limit_in_bytes';
      const line = one(ofDocker, events(typed('run', 'x'), config({}), built, shows(name, value)), 'memory');
      expect(line.steps[4]).toMatchObject({ value, words: 'unlimited' });
    }
  });

  it('keeps what was sent apart from what inspect says, by its grade', () => {
    const all = events(typed('run', '-m', '64m', 'x'), built, {
      step: 'engine/has-container',
      type: 'fact',
      container: id,
      grade: 'read-back',
      data: { id, inspect: { HostConfig: { Memory: 67108864 }, Config: { User: '1000' } } },
    });
    expect(one(ofDocker, all, 'memory').steps[1]).toMatchObject({
      what: 'HostConfig.Memory',
      grade: 'read-back',
    });
    expect(one(ofDocker, all, 'user').steps[1]).toMatchObject({ what: 'Config.User', value: '1000' });
  });

  it('declares a gap where neither request nor inspect is there', () => {
    const line = one(ofDocker, events(typed('run', '-m', '64m', 'x'), built), 'memory');
    expect(line.steps[1]).toMatchObject({ kind: 'gap', why: expect.stringContaining('could not be seen') });
  });

  it('says that a refused write holds nothing, and takes the one that was accepted', () => {
    const [begin, end] = write('memory.max', '67108864', 'w1');
    const refused = { ...end!, data: { error: 'EBUSY' } };
    const failed = one(ofDocker, events(typed('run', '-m', '64m', 'x'), begin!, refused, built), 'memory');
    expect(failed.steps[3]).toMatchObject({ note: 'the kernel refused it: EBUSY' });
    const again = events(
      typed('run', '-m', '64m', 'x'),
      begin!,
      refused,
      ...write('memory.max', '67108864', 'w2'),
    );
    expect(one(ofDocker, again, 'memory').steps[3]).toMatchObject({ value: '67108864', seq: 4 });
  });

  it('takes what the program does in its container for the program’s own', () => {
    const init = { name: 'sh', pid: 30 };
    const setuid = (uid: number, span: string) => [
      {
        step: 'kernel/setuid',
        type: 'begin' as const,
        span,
        container: id,
        actor: init,
        data: { syscall: 'setuid', uid },
      },
      { step: 'kernel/setuid', type: 'end' as const, span, container: id, actor: init },
    ];
    const all = events(
      config({ process: { args: ['sh'], user: { uid: 1000, gid: 0 } } }),
      { step: 'process/has-process', type: 'fact', container: id, data: { pid: 30, role: 'init' } },
      ...setuid(1000, 'a'),
      { step: 'kernel/execve', container: id, actor: init, data: { path: '/bin/sh', argv: ['sh'] } },
      ...setuid(7, 'b'),
    );
    expect(one(ofDocker, all, 'user').steps[3]).toMatchObject({ value: '1000' });
  });

  it('follows a port to the program that forwards it, and says that config.json knows none', () => {
    const all = events(
      typed('run', '-p', '8080:80', 'x'),
      request({ HostConfig: { PortBindings: { '80/tcp': [{ HostIp: '', HostPort: '8080' }] } } }),
      {
        step: 'kernel/execve',
        container: id,
        data: {
          argv: ['/usr/bin/docker-proxy', '-proto', 'tcp', '-host-port', '8080', '-container-port', '80'],
        },
      },
      built,
    );
    const line = one(ofDocker, all, 'ports');
    expect(told(line).slice(0, 4)).toEqual([
      'flag: --publish = 8080:80',
      'api: HostConfig.PortBindings = 80/tcp at 0.0.0.0:8080',
      'config: none: config.json knows no ports: the engine publishes them outside of the container',
      'kernel: execve = docker-proxy -proto tcp -host-port 8080 -container-port 80',
    ]);
  });

  it('follows a mount by its place in the container, and notices when it could be written after all', () => {
    const mount = (flags: string[], span: string) => [
      {
        step: 'kernel/mount',
        type: 'begin' as const,
        span,
        container: id,
        data: {
          syscall: 'mount',
          source: '/srv/www',
          target: '/proc/self/fd/6',
          targetPath: '/x/merged/www',
          flags,
        },
      },
      { step: 'kernel/mount', type: 'end' as const, span, container: id },
    ];
    const before = [
      typed('run', '-v', '/srv/www:/www/:ro', 'x'),
      request({ HostConfig: { Binds: ['/srv/www:/www:ro'] } }),
      config({
        root: { path: '/x/merged' },
        mounts: [{ destination: '/www', source: '/srv/www', options: ['rbind', 'ro'] }],
      }),
      ...mount(['MS_BIND', 'MS_REC', 'MS_RDONLY'], 'm1'),
    ];
    const seen = {
      step: 'kernel/has-mount',
      type: 'fact' as const,
      container: id,
      grade: 'read-back' as const,
      data: {
        mountPoint: '/www',
        source: '/dev/sda',
        root: '/srv/www',
        fstype: 'ext4',
        options: ['ro'],
        readOnly: true,
      },
    };
    const whole = events(...before, ...mount(['MS_BIND', 'MS_REMOUNT', 'MS_RDONLY'], 'm2'), built, seen);
    expect(one(ofDocker, whole, 'mounts')).toMatchObject({ title: '--volume /www', agrees: true });
    // mount(2) ignores MS_RDONLY beside MS_BIND: without the remount the mount stays writable.
    const forgotten = one(ofDocker, events(...before, built), 'mounts');
    expect(forgotten.steps[3]).toMatchObject({ differs: 'mounts says read-only, this says writable' });
  });

  it('names variables and never their values', () => {
    const all = events(
      typed('run', '-e', 'TOKEN=very-secret', 'x'),
      request({ Env: ['TOKEN=very-secret'] }),
      config({ process: { env: ['PATH=/bin', 'TOKEN=very-secret'] } }),
    );
    const line = one(ofDocker, all, 'env');
    expect(line.title).toBe('--env TOKEN');
    expect(JSON.stringify(line)).not.toContain('very-secret');
  });
});

describe('several containers', () => {
  it('are kept apart', () => {
    const other = 'd'.repeat(64);
    const all = events(
      ...write('memory.max', '1048576', 'a'),
      ...write('memory.max', '2097152', 'b').map((event) => ({ ...event, container: other })),
    );
    expect(containersIn(all)).toEqual([id, other]);
    const values = containersIn(all).map(
      (container) => provenanceOf(ofDocker, all, { flags: ['memory'], container })[0]!.steps[3],
    );
    expect(values).toMatchObject([{ value: '1048576' }, { value: '2097152' }]);
  });
});

describe('the names of flags', () => {
  it('are docker’s own, with and without hyphens', () => {
    for (const flag of FLAGS) expect(flagNamed(flag)).toBe(flag);
    expect(
      ['--memory', '-m', '--pids-limit', '--cap-drop', '-v', '--read-only', '-p'].map(flagNamed),
    ).toEqual(['memory', 'memory', 'pids', 'capabilities', 'mounts', 'read-only', 'ports']);
    expect(flagNamed('constructor')).toBeUndefined();
  });
});
