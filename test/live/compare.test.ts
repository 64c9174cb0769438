import { type Comparison, type ComparisonRow, compareTraces } from '@underdock/chain';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { recounted } from '../chain/recount.ts';
import { type Ended, type Lab, openLab } from './embeddedLab.ts';

// The same image on every road, recorded while all layers are watched, and then laid side by side.
const ROADS = {
  runc: { via: 'embedded', runtime: 'runc' },
  crun: { via: 'embedded', runtime: 'crun' },
  'by hand': { via: 'embedded', runtime: 'by-hand' },
  docker: { via: 'docker', engine: 'private' },
  containerd: { via: 'containerd', engine: 'private' },
  cri: { via: 'cri', engine: 'private' },
  oci: { via: 'oci', runtime: 'runc' },
} as const;
type Road = keyof typeof ROADS;
const NAMES = Object.keys(ROADS) as Road[];

/** What is read back while a process lives may be missed of one that ends at once. */
const LONG_ENOUGH = ['sleep', '2'];

let lab: Lab;
const runs = {} as Record<Road, Ended>;

beforeAll(async () => {
  lab = await openLab({});
  for (const road of NAMES)
    runs[road] = await lab.run({ image: 'starter', command: LONG_ENOUGH, memory: '64m', ...ROADS[road] });
}, 300_000);
afterAll(async () => lab?.close());

const compared = (...roads: Road[]) =>
  compareTraces(roads.map((road) => ({ header: runs[road].run.header, events: runs[road].events })));
const rowOf = ({ rows }: Comparison, achievement: string): ComparisonRow =>
  rows.find((row) => row.achievement === achievement)!;
const sum = (comparison: Comparison, side: number, of: 'calls' | 'syscalls' | 'processes') =>
  comparison.rows.reduce((total, { cells }) => total + (cells[side]![of].n ?? 0), 0);

describe('the comparison of runs on every road', () => {
  it.each(NAMES)('counts what is in the trace of %s, no more and no less', (road) => {
    const { events, exitCode } = runs[road];
    expect(exitCode).toBe(0);
    const comparison = compared(road, 'runc');
    const expected = recounted(events);
    expect(expected.syscalls).toBeGreaterThan(100);
    const [side] = comparison.sides;
    const of = { calls: side!.calls.n, syscalls: side!.syscalls.n, processes: side!.processes.n };
    expect(of).toEqual(expected);
    expect({
      calls: sum(comparison, 0, 'calls'),
      syscalls: sum(comparison, 0, 'syscalls'),
      processes: sum(comparison, 0, 'processes'),
    }).toEqual(expected);
    const shared = comparison.rows.reduce((ms, { cells }) => ms + cells[0]!.ms, 0);
    expect(shared).toBeCloseTo(side!.ms, 6);
  });

  it('sees each of them reach the same: image, filesystem, isolation, limits, process, and all clean again', () => {
    for (const road of NAMES) {
      const comparison = compared(road, 'runc');
      for (const achievement of [
        'ordered',
        'image',
        'filesystem',
        'isolation',
        'limits',
        'process',
        'cleanup',
      ]) {
        expect([road, achievement, rowOf(comparison, achievement).cells[0]!.state]).toEqual([
          road,
          achievement,
          'reached',
        ]);
      }
    }
  });

  it('tells who does it: docker, containerd and the CRI share the runtime, and differ above it', () => {
    const comparison = compared('docker', 'containerd', 'cri');
    for (const cell of rowOf(comparison, 'isolation').cells) expect(cell.actors).toContain('runc');
    const [docker, containerd, cri] = rowOf(comparison, 'ordered').cells;
    expect(docker!.actors).toContain('dockerd');
    expect(containerd!.actors).not.toContain('dockerd');
    expect(containerd!.actors).toContain('containerd');
    expect(cri!.actors).toContain('containerd');
    const [without, also, sandbox] = rowOf(comparison, 'sandbox').cells;
    for (const cell of [without, also])
      expect(cell).toMatchObject({ state: 'unseen', reason: 'not-on-this-road' });
    expect(sandbox!.state).toBe('reached');
    expect(sandbox!.syscalls.n).toBeGreaterThan(50);
  });

  it('recognizes one image by its digest, whatever road it came by', () => {
    const { image } = compared('runc', 'crun', 'by hand', 'oci');
    expect(image).toMatchObject({ verdict: 'same', by: 'manifest' });
    expect(compared('docker', 'containerd', 'cri').image.verdict).toBe('same');
    expect(compared('runc', 'docker').image).toMatchObject({ verdict: 'same', by: 'config' });
  });

  it('says in config.json, mounts and cgroups what differs, and of the same limit that it is the same', () => {
    for (const [a, b] of [
      ['runc', 'containerd'],
      ['containerd', 'cri'],
      ['runc', 'oci'],
    ] as const) {
      const { config, isolation, cgroups } = compared(a, b);
      const known = [config, isolation, cgroups].map((diff) => diff.known);
      expect([a, b, known]).toEqual([a, b, Array.from({ length: 3 }, () => [true, true])]);
      const limit = config.rows.find(({ name }) => name === 'linux.resources.memory.limit');
      expect(limit).toMatchObject({ values: ['67108864', '67108864'], mark: 'same' });
    }
    const { cgroups } = compared('docker', 'containerd', 'cri', 'runc');
    expect(cgroups.rows.find(({ name }) => name === 'memory limit')).toMatchObject({ mark: 'same' });
  });
});
