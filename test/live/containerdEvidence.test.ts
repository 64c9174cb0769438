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
const RUNTIMES = ['runc', 'crun'] as const;
const ctr = { via: 'containerd', engine: 'private' } as const;

let lab: Lab;
let runs: Record<(typeof RUNTIMES)[number], Ended>;
let exec: Ended;
let testimony: Testimony;
let daemon: number;

beforeAll(async () => {
  lab = await openLab();
  // The first run starts containerd and pulls the image.
  expect((await lab.run({ ...ctr, command: ['true'] })).error).toBeUndefined();
  const config = join(lab.stateDir, 'containerd/containerd.toml');
  daemon = allProcesses().find(({ pid }) => commandOf(pid).includes(`--config\0${config}`))?.pid ?? 0;
  for (let attempt = 1; attempt <= ATTEMPTS; attempt++) {
    const witness = await startWitness();
    const [runc, crun] = [await runBy('runc'), await runBy('crun')];
    runs = { runc, crun };
    exec = await runWithExec();
    testimony = await witness.end();
    if (testimony.lost === 0) return;
  }
  throw new Error(`the witness lost ${testimony.lost} records, ${ATTEMPTS} times over`);
}, 120_000);
afterAll(() => lab?.close());

function runBy(runtime: string): Promise<Ended> {
  return lab.run({ ...ctr, runtime, memory: '48m', command: ['sh', '-c', 'echo hello; exit 3'] });
}

async function runWithExec(): Promise<Ended> {
  const going = await lab.start({ ...ctr, command: ['sh', '-c', 'echo up; sleep 60'] });
  await going.says('up');
  await going.run.orders?.exec({ command: ['sh', '-c', 'echo inside; exit 4'] });
  await going.run.stop({ graceMs: 0 });
  return going.ended();
}

const of = ({ events }: Ended, step: string) => events.filter((event) => event.step === step);

describe.each(RUNTIMES)('a run through containerd by %s', (runtime) => {
  it('has a whole trace without losses', () => {
    const { verdict, exitCode, stdout } = runs[runtime];
    expect([verdict.state, verdict.faults, exitCode, stdout]).toEqual(['whole', [], 3, 'hello\n']);
    expect(of(runs[runtime], 'trace/lost-records')).toEqual([]);
  });

  it('has the whole relay from pivot_root up to the client’s own call', () => {
    const [pivot] = of(runs[runtime], 'kernel/pivot-root').filter(({ type }) => type === 'begin');
    expect(causesOf(pivot!, runs[runtime].events)).toEqual([
      'low-level/create',
      'high-level/shim-request',
      'high-level/create-task',
      'client/request',
      'client/run',
    ]);
    const [shim] = of(runs[runtime], 'high-level/start-shim').filter(({ type }) => type === 'begin');
    expect(causesOf(shim!, runs[runtime].events)[0]).toBe('high-level/create-task');
  });

  it('has the container’s program caused by its start', () => {
    const program = of(runs[runtime], 'kernel/execve').find(({ data }) =>
      JSON.stringify(data.argv ?? []).includes('echo hello'),
    );
    expect(causesOf(program!, runs[runtime].events).slice(0, 4)).toEqual([
      'low-level/start',
      'high-level/shim-request',
      'high-level/start-task',
      'client/request',
    ]);
  });

  it('knows no engine: containerd is asked by the client itself', () => {
    const acts = runs[runtime].events.filter(({ type, layer }) => type === 'begin' && layer === 'engine');
    expect(acts).toEqual([]);
    const memory = of(runs[runtime], 'kernel/cgroup-write').find(
      ({ data }) => data.value === String(48 << 20),
    );
    expect(memory).toBeDefined();
  });
});

describe('an exec in a container that lives', () => {
  it('has its own relay', () => {
    const inside = of(exec, 'low-level/exec').find(({ type }) => type === 'begin');
    expect(causesOf(inside!, exec.events)).toEqual([
      'high-level/shim-request',
      'client/request',
      'client/run',
    ]);
  });
});

describe('an independent witness of the whole host', () => {
  it('saw no listed act of shims, runtimes and containers that the traces lack, and they have none that it did not see', () => {
    const children = testimony.forks.filter(({ parent }) => parent === daemon).map(({ child }) => child);
    const witnessed = actsOfWitness(testimony, lineageOf(children, testimony.forks));
    const told = [runs.runc, runs.crun, exec].flatMap(({ events }) => actsOfTrace(events));
    expect(witnessed.length).toBeGreaterThan(300);
    expect(compareActs(witnessed, told)).toEqual({ missing: [], invented: [] });
  });
});
