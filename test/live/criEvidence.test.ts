import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { allProcesses } from '../../apps/agent/src/processes.ts';
import { commandOf } from './containerdLab.ts';
import { type Ended, type Lab, openLab } from './embeddedLab.ts';
import { causesOf } from './watchedHost.ts';
import {
  actsOfTrace,
  actsOfWitness,
  compareActs,
  lineageOf,
  startWitness,
  type Testimony,
} from './witness.ts';

const ATTEMPTS = 3;
// Pods in the host's network: what CNI's plugins do is containerd's own work, and no runtime's.
const pod = { via: 'cri', engine: 'private', network: 'host' } as const;

let lab: Lab;
let runs: Ended[];
let testimony: Testimony;
let daemon: number;

beforeAll(async () => {
  lab = await openLab();
  // The first run starts containerd and pulls the images.
  expect((await lab.run({ ...pod, command: ['true'] })).error).toBeUndefined();
  const config = join(lab.stateDir, 'containerd/containerd.toml');
  daemon = allProcesses().find(({ pid }) => commandOf(pid).includes(`--config\0${config}`))?.pid ?? 0;
  for (let attempt = 1; attempt <= ATTEMPTS; attempt++) {
    const witness = await startWitness();
    const command = ['sh', '-c', 'echo hello; sleep 1; exit 3'];
    runs = [await lab.run({ ...pod, memory: '48m', command }), await runWithExec()];
    testimony = await witness.end();
    if (testimony.lost === 0) return;
  }
  throw new Error(`the witness lost ${testimony.lost} records, ${ATTEMPTS} times over`);
}, 180_000);
afterAll(() => lab?.close());

async function runWithExec(): Promise<Ended> {
  const going = await lab.start({ ...pod, command: ['sh', '-c', 'echo up; sleep 60'] });
  await going.says('up');
  await going.run.orders?.exec({ command: ['sh', '-c', 'echo inside; exit 4'] });
  await going.run.stop({ graceMs: 0 });
  return going.ended();
}

describe('a run through the CRI', () => {
  it('has whole traces without losses', () => {
    for (const { verdict, events } of runs) {
      expect([verdict.state, verdict.faults]).toEqual(['whole', []]);
      expect(events.filter(({ step }) => step === 'trace/lost-records')).toEqual([]);
    }
  });

  it('has both its containers’ pivot_root caused by the call that asked for it', () => {
    const events = runs[0]?.events ?? [];
    const pivots = events.filter(({ step, type }) => step === 'kernel/pivot-root' && type === 'begin');
    const asked = pivots.map((pivot) => causesOf(pivot, events).slice(0, 3));
    expect(asked).toEqual([
      ['low-level/create', 'high-level/shim-request', 'high-level/run-sandbox'],
      ['low-level/create', 'high-level/shim-request', 'high-level/start-container'],
    ]);
  });
});

describe('an independent witness of the whole host', () => {
  it('saw no listed act of shims, runtimes and containers that the traces lack, and they have none that it did not see', () => {
    const children = testimony.forks.filter(({ parent }) => parent === daemon).map(({ child }) => child);
    const witnessed = actsOfWitness(testimony, lineageOf(children, testimony.forks));
    const told = runs.flatMap(({ events }) => actsOfTrace(events));
    expect(witnessed.length).toBeGreaterThan(300);
    expect(compareActs(witnessed, told)).toEqual({ missing: [], invented: [] });
  });
});
