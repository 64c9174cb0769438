import { afterAll, beforeAll, expect, it } from 'vitest';
import {
  causesOf,
  type FoundTrace,
  type Typed,
  type WatchedHost,
  watchThisHost,
} from '../live/watchedHost.ts';
import { actsOfTrace, actsOfWitness, compareActs, lineageOf, type Testimony } from '../live/witness.ts';

const IN_A_ROW = Number(process.env.UNDERDOCK_WATCH_RUNS ?? 30);
const AT_ONCE = 5;
const BURSTS = 4;

let host: WatchedHost;
let found: FoundTrace[];
let testimony: Testimony;
const typed: Typed[] = [];

const run = (n: number) =>
  host.docker('run', '--rm', '--network', 'none', '--memory', '48m', 'img', 'sh', '-c', `exit ${n}`);

beforeAll(async () => {
  host = await watchThisHost();
  for (let n = 0; n < IN_A_ROW; n++) typed.push(await run(n));
  for (let burst = 0; burst < BURSTS; burst++) {
    const numbers = Array.from({ length: AT_ONCE }, (_, n) => IN_A_ROW + burst * AT_ONCE + n);
    typed.push(...(await Promise.all(numbers.map(run))));
  }
  ({ found, testimony } = await host.end());
}, 600_000);
afterAll(() => host?.close());

it('each of many docker runs, in a row and at once, is told whole and to the right run', () => {
  expect(typed.map(({ exitCode }) => exitCode)).toEqual(typed.map((_, n) => n));
  expect(found).toHaveLength(typed.length);
  for (const { header, events, verdict } of found) {
    expect(verdict, header.title).toMatchObject({ state: 'whole', faults: [] });
    expect(events.filter(({ step }) => step === 'trace/lost-records')).toEqual([]);
    const exitCode = Number(header.command.at(-1)?.split(' ')[1]);
    const init = events.find(({ step, data }) => step === 'process/has-process' && data.role === 'init')?.data
      .pid;
    const exit = events.find(({ step, actor }) => step === 'kernel/exit' && actor.pid === init);
    expect(exit?.data.exitCode, header.title).toBe(exitCode);
    const pivot = events.find(({ step }) => step === 'kernel/pivot-root');
    expect(pivot && causesOf(pivot, events), header.title).toHaveLength(6);
    expect(new Set(events.map(({ container }) => container).filter(Boolean)).size, header.title).toBe(1);
  }
});

it('the witness saw no act that the traces lack, and they have none that it did not see', () => {
  expect(testimony.lost).toBe(0);
  const children = testimony.forks.filter(({ parent }) => parent === host.engine.pids.containerd);
  const roots = [...children.map(({ child }) => child), ...typed.map(({ pid }) => pid)];
  const witnessed = actsOfWitness(testimony, lineageOf(roots, testimony.forks));
  const told = found.flatMap(({ events }) => actsOfTrace(events));
  expect(witnessed.length).toBeGreaterThan(100 * typed.length);
  expect(compareActs(witnessed, told)).toEqual({ missing: [], invented: [] });
});

it('dockerd’s own log has the same requests', () => {
  const told = found.flatMap(({ events }) =>
    events
      .filter(({ step, type }) => type === 'begin' && (step === 'engine/request' || step === 'engine/query'))
      .map(({ data }) => `${data.method} ${data.path}`),
  );
  const served = host.engine.requests().map((line) => line.replace(/\?.*$/, ''));
  // Whoever watches asks the engine too, for what it knows of a container and its image; clients ping and change.
  const ofClients = (request: string) => !request.startsWith('GET ');
  expect(told.filter(ofClients).sort()).toEqual(served.filter(ofClients).sort());
  expect(served).toEqual(expect.arrayContaining(told));
});
