import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { causesOf, type FoundTrace, type Typed, type WatchedHost, watchThisHost } from './watchedHost.ts';
import { actsOfTrace, actsOfWitness, compareActs, lineageOf, type Testimony } from './witness.ts';

const RUN = ['run', '--rm', '--network', 'none'];
const RELAY = [
  'low-level/create',
  'high-level/shim-request',
  'high-level/create-task',
  'engine/request',
  'client/request',
  'client/command',
];

let host: WatchedHost;
let found: FoundTrace[];
let testimony: Testimony;
const typed: Typed[] = [];
let containerdChildren: number[];

beforeAll(async () => {
  host = await watchThisHost();
  const { docker } = host;
  for (let n = 0; n < 3; n++)
    typed.push(await docker(...RUN, '--memory', `${32 + n}m`, 'img', 'sh', '-c', `exit ${n}`));
  const atOnce = [3, 4, 5, 6, 7].map((n) => docker(...RUN, 'img', 'sh', '-c', `exit ${n}`));
  typed.push(...(await Promise.all(atOnce)));
  typed.push(await docker(...RUN, 'img', '/no/such'));
  typed.push(await docker('run', '-d', '--name', 'alive', '--network', 'none', 'img', 'sleep', '600'));
  typed.push(await docker('exec', 'alive', 'echo', 'inside'));
  typed.push(await docker('stop', '-t', '0', 'alive'));
  typed.push(await docker('ps', '-a'));
  typed.push(await docker('rm', 'alive'));
  await everyday();
  ({ found, testimony } = await host.end());
  containerdChildren = testimony.forks
    .filter(({ parent }) => parent === host.engine.pids.containerd)
    .map(({ child }) => child);
}, 120_000);
afterAll(() => host?.close());

/** The commands of everyday life: what makes no container is a short chain of its own. */
const EVERYDAY = [
  ['tag', 'img', 'nginx'],
  ['run', '--rm', '--network', 'none', 'nginx', 'true'],
  ['build', '-q', '--network', 'none', '-t', 'my-app', '.'],
  ['images'],
  ['volume', 'create', 'things'],
  ['network', 'ls'],
  ['create', '--name', 'plain', '--network', 'none', 'nginx', 'true'],
  ['export', 'plain'],
  ['logs', 'plain'],
  ['inspect', 'plain'],
  ['rm', 'plain'],
  ['pull', '127.0.0.1:1/nothing'],
];

async function everyday(): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), 'underdock-app-'));
  writeFileSync(join(folder, 'Dockerfile'), 'FROM nginx\nRUN echo built > /built\n');
  for (const args of EVERYDAY)
    typed.push(await host.docker(...args.map((arg) => (arg === '.' ? folder : arg))));
  rmSync(folder, { recursive: true });
}

const of = (trace: FoundTrace, step: string) => trace.events.filter((event) => event.step === step);
const byCommand = (...words: string[]) => {
  const ends = words.join(' ');
  const one = found.find(({ header }) => header.command.join(' ').endsWith(ends));
  if (!one) throw new Error(`no run was found for ${ends}`);
  return one;
};

describe('what somebody types on this host', () => {
  it('is found, each command as a run of its own, with a whole trace without losses', () => {
    const codes = [
      0,
      1,
      2,
      3,
      4,
      5,
      6,
      7,
      127,
      0,
      0,
      0,
      0,
      0,
      ...EVERYDAY.map(([verb]) => (verb === 'pull' ? 1 : 0)),
    ];
    expect(typed.map(({ exitCode }) => exitCode)).toEqual(codes);
    expect(found).toHaveLength(typed.length);
    for (const trace of found) {
      expect(trace.verdict, trace.header.title).toMatchObject({ state: 'whole', faults: [] });
      expect(of(trace, 'trace/lost-records'), trace.header.title).toEqual([]);
      const [kernel, calls] = trace.header.watchers;
      expect([kernel, calls]).toMatchObject([
        { name: 'bpftrace', state: 'ok' },
        { name: 'bpftrace-calls', state: 'ok' },
      ]);
    }
  });

  it.each([0, 1, 2, 3, 4, 5, 6, 7])('has the whole relay from the command to pivot_root: run %i', (n) => {
    const trace = byCommand('sh', '-c', `exit ${n}`);
    const [pivot] = of(trace, 'kernel/pivot-root').filter(({ type }) => type === 'begin');
    expect(causesOf(pivot!, trace.events)).toEqual(RELAY);
    expect(new Set(trace.events.map(({ container }) => container).filter(Boolean)).size).toBe(1);
    const [ended] = of(trace, 'client/command').filter(({ type }) => type === 'end');
    expect(ended?.data).toMatchObject({ exitCode: n });
    const init = of(trace, 'process/has-process').find(({ data }) => data.role === 'init')?.data.pid;
    const exit = of(trace, 'kernel/exit').find(({ actor }) => actor.pid === init);
    expect(exit?.data.exitCode).toBe(n);
  });

  it('follows every act but the command itself up to the command', () => {
    for (const trace of found) {
      for (const event of trace.events.filter(({ type }) => type === 'begin')) {
        if (event.step === 'client/command') continue;
        expect(
          causesOf(event, trace.events).at(-1),
          `${event.step} ${event.seq} of ${trace.header.title}`,
        ).toBe('client/command');
      }
    }
  });

  it('shows the limit as it was typed, in config.json and in the cgroup', () => {
    const trace = byCommand('--memory', '33m', 'img', 'sh', '-c', 'exit 1');
    const [config] = of(trace, 'high-level/has-config');
    expect(config?.data.config).toMatchObject({ linux: { resources: { memory: { limit: 33 << 20 } } } });
    const limits = of(trace, 'kernel/has-cgroup-value').filter(({ data }) => data.meaning === 'memory');
    expect(limits.map(({ data }) => data.number)).toContain(33 << 20);
  });

  it('fails where it fails, in the runtime’s own words', () => {
    const trace = byCommand('img', '/no/such');
    const [failed] = of(trace, 'low-level/create').filter(({ data }) => data.error !== undefined);
    expect(failed?.data).toMatchObject({ error: 'exit 1', message: expect.stringContaining('/no/such') });
    const refused = of(trace, 'engine/request').filter(({ data }) => Number(data.status) >= 400);
    expect(refused).toHaveLength(1);
  });

  it('has an exec and a stop as short chains of their own', () => {
    const exec = byCommand('exec', 'alive', 'echo', 'inside');
    const became = of(exec, 'kernel/execve').find(({ data }) => (data.argv as string[])?.[0] === 'echo');
    expect(causesOf(became!, exec.events).slice(0, 2)).toEqual(['low-level/exec', 'high-level/shim-request']);
    const stop = byCommand('stop', '-t', '0', 'alive');
    const [kill] = of(stop, 'low-level/kill').filter(({ type }) => type === 'begin');
    expect(causesOf(kill!, stop.events).at(-1)).toBe('client/command');
    expect(of(byCommand('ps', '-a'), 'engine/query').length).toBeGreaterThan(0);
  });
});

describe('what makes no container', () => {
  it.each(EVERYDAY.filter(([verb]) => verb !== 'build').map((args) => [args.join(' '), args] as const))(
    'is told by what the engine was asked: docker %s',
    (_name, args) => {
      const trace = byCommand(...args);
      const asked = trace.events.filter(
        ({ step, type }) => type === 'begin' && /^engine\/(request|query)$/.test(step),
      );
      expect(asked.map(({ data }) => data.path)).not.toEqual([]);
      for (const event of asked)
        expect(causesOf(event, trace.events)).toEqual(['client/request', 'client/command']);
    },
  );

  it('a build has its steps: the lines of its Dockerfile, and the container that carries a RUN out', () => {
    const trace = found.find(({ header }) => header.command.includes('build'));
    const lines = trace ? of(trace, 'engine/build-step') : [];
    expect(lines.map(({ data }) => data.text)).toEqual(['FROM nginx', 'RUN echo built > /built']);
    for (const line of lines)
      expect(causesOf(line, trace?.events ?? [])).toEqual([
        'engine/request',
        'client/request',
        'client/command',
      ]);
    const became = trace?.events.find(
      ({ step, data }) => step === 'kernel/execve' && JSON.stringify(data.argv).includes('echo built'),
    );
    expect(became && trace && causesOf(became, trace.events).slice(-3)).toEqual([
      'engine/request',
      'client/request',
      'client/command',
    ]);
  });
});

describe('an independent witness of the whole host', () => {
  it('saw no listed act of shims, runtimes, containers and clients that the traces lack, and they have none that it did not see', () => {
    expect(testimony.lost).toBe(0);
    const roots = [...containerdChildren, ...typed.map(({ pid }) => pid)];
    const witnessed = actsOfWitness(testimony, lineageOf(roots, testimony.forks));
    const told = found.flatMap(({ events }) => actsOfTrace(events));
    expect(witnessed.length).toBeGreaterThan(2000);
    expect(compareActs(witnessed, told)).toEqual({ missing: [], invented: [] });
  });

  it('that is dockerd’s own log served the same requests that the traces tell', () => {
    const served = host.engine.requests().map((line) => line.replace(/\?.*$/, ''));
    const told = found.flatMap((trace) =>
      [...of(trace, 'engine/request'), ...of(trace, 'engine/query')]
        .filter(({ type }) => type === 'begin')
        .map(({ data }) => `${data.method} ${data.path}`),
    );
    // Agents on this host, this one too, ask any engine what it has; and of two clients that ping two engines in the same
    // instant it can't be said which ping was whose.
    const changes = (request: string) => !/^(GET|HEAD) /.test(request);
    expect(told.filter(changes).sort()).toEqual(served.filter(changes).sort());
    expect(served).toEqual(expect.arrayContaining(told));
  });
});
