import { ACHIEVEMENTS, type Comparison, compareTraces, type Diff, onlyThere } from '@underdock/chain';
import { beforeAll, describe, expect, it } from 'vitest';
import { type RecordedTrace, recordedTrace } from '../fixtures/traces.ts';
import { recounted } from './recount.ts';

let runc: RecordedTrace;
let crun: RecordedTrace;
let byHand: RecordedTrace;
let docker: RecordedTrace;
let unwatched: RecordedTrace;
let broken: RecordedTrace;
beforeAll(async () => {
  [runc, crun, byHand, docker, unwatched, broken] = (await Promise.all(
    ['runc', 'crun', 'by-hand', 'docker-run', 'unwatched', 'no-such-command'].map(recordedTrace),
  )) as [RecordedTrace, RecordedTrace, RecordedTrace, RecordedTrace, RecordedTrace, RecordedTrace];
});

const cell = ({ rows }: Comparison, achievement: string, side: number) =>
  rows.find((row) => row.achievement === achievement)!.cells[side]!;
const marks = (diff: Diff, mark: string) =>
  diff.rows.filter((row) => row.mark === mark).map(({ name }) => name);

describe('the comparison of real traces', () => {
  it.each(['runc', 'crun', 'by-hand', 'docker-run', 'docker-exec', 'oom', 'no-such-image'])(
    'counts every call, system call and process of %s once, in one row',
    async (name) => {
      const trace = await recordedTrace(name);
      const { sides, rows } = compareTraces([trace, runc]);
      const sum = (of: 'calls' | 'syscalls' | 'processes') =>
        rows.reduce((total, { cells }) => total + (cells[0]![of].n ?? 0), 0);
      const expected = recounted(trace.events);
      expect({
        calls: sides[0]!.calls.n,
        syscalls: sides[0]!.syscalls.n,
        processes: sides[0]!.processes.n,
      }).toEqual(expected);
      expect({ calls: sum('calls'), syscalls: sum('syscalls'), processes: sum('processes') }).toEqual(
        expected,
      );
      const acts = rows.flatMap((row) => row.acts.map(({ counts }) => counts[0]!.n ?? 0));
      expect(acts.reduce((a, b) => a + b, 0)).toBe(expected.calls + expected.syscalls);
    },
  );

  it('shares all the time of a trace out among its rows', () => {
    const { sides, rows } = compareTraces([runc, crun, byHand, docker]);
    for (const [index, side] of sides.entries()) {
      const shared = rows.reduce((sum, { cells }) => sum + cells[index]!.ms, 0);
      expect(shared).toBeCloseTo(side.ms, 6);
      expect(side.ms).toBeGreaterThan(100);
    }
  });

  it('shows each road reach the same, by programs of its own', () => {
    const comparison = compareTraces([runc, crun, byHand, docker]);
    const { rows, sides } = comparison;
    expect(rows.map(({ achievement }) => achievement)).toEqual(
      ACHIEVEMENTS.filter((achievement) => achievement !== 'sandbox'),
    );
    expect(rows.every(({ cells }) => cells.every(({ state }) => state === 'reached'))).toBe(true);
    expect(sides.map(({ letter, road }) => `${letter} ${road}`)).toEqual([
      'A embedded, runc',
      'B embedded, crun',
      'C embedded, by-hand',
      'D docker, runc',
    ]);
    expect(cell(comparison, 'isolation', 1).actors).toEqual(['crun']);
    expect(cell(comparison, 'isolation', 2).actors).toEqual(['by-hand']);
    expect(cell(comparison, 'ordered', 3).actors).toEqual([
      'docker',
      'dockerd',
      'containerd',
      'containerd-shim-runc-v2',
    ]);
    expect(cell(comparison, 'isolation', 2).processes.n).toBeGreaterThan(50);
  });

  it('says why where a trace has no act for something, and never guesses', () => {
    const comparison = compareTraces([docker, unwatched, broken]);
    expect(cell(comparison, 'image', 0)).toMatchObject({ reason: 'was-there', calls: { n: 0 } });
    expect(cell(comparison, 'filesystem', 0)).toMatchObject({ state: 'reached', reason: 'facts-alone' });
    expect(cell(comparison, 'isolation', 1).syscalls).toEqual({});
    expect(cell(comparison, 'isolation', 1).processes).toEqual({ n: 1, atLeast: true });
    expect(cell(comparison, 'isolation', 2).state).toBe('failed');
    expect(cell(comparison, 'process', 2)).toMatchObject({ state: 'unseen', reason: 'broke-before' });
    const unshare = comparison.rows
      .flatMap(({ acts }) => acts)
      .find(({ step }) => step === 'kernel/unshare')!;
    expect(unshare.counts[1]).toEqual({});
    expect(unshare.mark).toBe('unknown');
  });

  it('finds no difference between a trace and itself', () => {
    const comparison = compareTraces([runc, runc]);
    expect(comparison.differs).toEqual([]);
    expect(comparison.image).toMatchObject({ verdict: 'same', by: 'manifest' });
    for (const diff of [comparison.config, comparison.isolation, comparison.cgroups]) {
      expect(diff.rows.length).toBeGreaterThan(5);
      expect(diff.rows.every(({ mark }) => mark === 'same')).toBe(true);
    }
  });

  it('takes a trace that still grows at any length, and never loses an act', () => {
    for (const length of [0, 1, 40, 200, 400]) {
      const events = runc.events.slice(0, length);
      const comparison = compareTraces([{ header: runc.header, events }, runc]);
      const { calls, syscalls } = recounted(events);
      expect(comparison.sides[0]).toMatchObject({ calls: { n: calls }, finished: false });
      expect(comparison.sides[0]!.syscalls.n).toBe(syscalls);
      if (length < 400) expect(cell(comparison, 'process', 0)).toMatchObject({ reason: 'not-so-far' });
    }
  });
});

describe('what one has and another lacks', () => {
  it('is found by the acts’ names, without ids, folders and pids', () => {
    const { rows } = compareTraces([runc, byHand]);
    const isolation = rows.find(({ achievement }) => achievement === 'isolation')!;
    const named = (name: string) => isolation.acts.find((act) => act.name === name);
    expect(named('mount proc ROOTFS/proc')).toMatchObject({ mark: 'same', counts: [{ n: 1 }, { n: 1 }] });
    expect(named('sethostname ID')).toMatchObject({ mark: 'same' });
    expect(named('RUNTIME create')).toMatchObject({ mark: 'same', actors: [['runc'], ['by-hand']] });
    expect(named('setns NEWNS')).toMatchObject({ mark: 'some' });
    expect(
      isolation.acts.filter(({ step }) => step === 'kernel/seccomp').every(({ mark }) => mark === 'some'),
    ).toBe(true);
    expect(isolation.acts.some(({ name }) => /[0-9a-f]{64}/.test(name))).toBe(false);
  });

  it('is found in config.json, where order and own ids are no difference', () => {
    const { config } = compareTraces([runc, crun]);
    expect(config.known).toEqual([true, true]);
    expect(marks(config, 'own')).toEqual(
      expect.arrayContaining(['hostname', 'root.path', 'linux.cgroupsPath']),
    );
    expect(marks(config, 'some')).toEqual([]);
    const { config: withDocker } = compareTraces([runc, docker]);
    expect(marks(withDocker, 'some')).toEqual(
      expect.arrayContaining(['linux.namespaces[cgroup]', 'linux.sysctl']),
    );
    expect(withDocker.rows.find(({ name }) => name === 'linux.resources.memory.limit')).toEqual({
      name: 'linux.resources.memory.limit',
      values: ['536870912', '67108864'],
      alike: [0, 1],
      mark: 'differs',
    });
    const byItself = compareTraces([runc, byHand]).config.rows.find(({ name }) => name === 'linux.seccomp');
    expect(byItself).toMatchObject({ mark: 'some', values: [expect.stringMatching(/values$/), undefined] });
  });

  it('is found in namespaces, mounts and what is in force for the process', () => {
    const { isolation } = compareTraces([runc, byHand, docker]);
    const row = (name: string) => isolation.rows.find((one) => one.name === name);
    expect(row('seccomp')).toMatchObject({ values: ['filter', 'disabled', 'filter'], mark: 'differs' });
    expect(row('namespace cgroup')).toMatchObject({
      values: ['its own', 'its own', 'the host’s'],
      mark: 'differs',
    });
    expect(row('namespace net')).toMatchObject({ mark: 'same' });
    expect(row('mount /proc')).toMatchObject({ mark: 'same' });
    const { sets } = row('capabilities')!;
    expect(onlyThere([['a', 'b'], ['b', 'c'], undefined])).toEqual([['a'], ['c'], []]);
    expect(sets!.every((set) => set!.includes('CAP_CHOWN'))).toBe(true);
  });

  it('is found in cgroups, by what is limited, whatever the file is called', () => {
    const { cgroups } = compareTraces([runc, docker, unwatched]);
    const row = (name: string) => cgroups.rows.find((one) => one.name === name);
    expect(row('memory limit')).toMatchObject({ mark: 'differs' });
    expect(row('memory limit')!.values[1]).toBe('64 MiB (memory.limit_in_bytes 67108864)');
    // Nobody watched what was written there: that is no difference.
    expect(row('devices.allow')!.values[2]).toBeUndefined();
    expect(['differs', 'same', 'unseen']).toContain(row('devices.allow')!.mark);
    expect(row('cgroup')!.mark).not.toBe('differs');
  });
});

describe('the image of compared traces', () => {
  it('is the same one by an equal digest, whatever its name is', () => {
    const { image } = compareTraces([runc, crun]);
    expect(image.verdict).toBe('same');
    expect(image.digest).toMatch(/^sha256:[0-9a-f]{64}$/);
    expect(image.sides[0]!.digests.map(({ kind }) => kind)).toEqual(['index', 'manifest', 'config']);
  });

  it('is known by its configuration where an engine names no manifest', () => {
    const config = compareTraces([runc]).image.sides[0]!.digests.find(
      ({ kind }) => kind === 'config',
    )!.digest;
    const resolved = {
      ...runc.events.find(({ step, type }) => step === 'high-level/resolve-image' && type === 'end')!,
      data: { digest: `sha256:${'f'.repeat(64)}`, configDigest: config },
    };
    const fetches = ['high-level/resolve-image', 'high-level/fetch-manifest', 'high-level/fetch-config'];
    const other = [resolved, ...runc.events.filter(({ step }) => !fetches.includes(step))];
    const { image } = compareTraces([runc, { header: runc.header, events: other }]);
    expect(image).toMatchObject({ verdict: 'same', by: 'config', digest: config });
  });

  it('has the same layers, or others, or nobody can say', () => {
    const without = (steps: RegExp) => ({
      header: runc.header,
      events: runc.events.filter(({ step }) => !steps.test(step)),
    });
    const layersAlone = without(/resolve-image|fetch-manifest|fetch-config/);
    expect(compareTraces([runc, layersAlone]).image).toMatchObject({ verdict: 'same-layers', by: 'layers' });
    const nothing = without(/high-level\/(resolve|fetch|has-layer|verify|unpack)/);
    expect(compareTraces([runc, nothing]).image.verdict).toBe('unknown');
    expect(compareTraces([runc, docker]).image).toMatchObject({ verdict: 'differs', by: 'layers' });
  });
});
