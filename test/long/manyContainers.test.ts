import { setTimeout as pause } from 'node:timers/promises';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { causesOf, type FoundTrace, type WatchedHost, watchThisHost } from '../live/watchedHost.ts';

const CONTAINERS = Number(process.env.UNDERDOCK_CONTAINERS ?? 200);
const AT_ONCE = 8;

let host: WatchedHost;
let found: FoundTrace[];

beforeAll(async () => {
  host = await watchThisHost();
  const names = Array.from({ length: CONTAINERS }, (_, n) => `busy-${n}`);
  const left = [...names];
  const started = ['run', '-d', '--network', 'none'];
  const command = ['img', 'sh', '-c', 'while :; do sleep 5; done'];
  const worker = async () => {
    for (let name = left.pop(); name; name = left.pop()) {
      const { exitCode, stderr } = await host.docker(...started, '--name', name, ...command);
      if (exitCode !== 0) throw new Error(`${name}: ${stderr}`);
    }
  };
  await Promise.all(Array.from({ length: AT_ONCE }, worker));
  await pause(10_000);
  await host.docker('run', '--rm', '--network', 'none', 'img', 'echo', 'one-more');
  await host.docker('exec', 'busy-7', 'echo', 'one-exec');
  const kill = ['kill', ...names];
  await host.docker(...kill);
  await pause(10_000);
  found = (await host.end()).found;
}, 900_000);
afterAll(() => host?.close());

const of = (last: string) => found.find(({ header }) => header.command.at(-1) === last);

it(`each of ${CONTAINERS} containers that run at once has a whole trace of its own`, () => {
  const running = found.filter(({ header }) => header.command.includes('-d'));
  expect(running).toHaveLength(CONTAINERS);
  for (const { verdict, events, header } of running) {
    expect(verdict, header.title).toMatchObject({ state: 'whole', faults: [] });
    expect(new Set(events.map(({ container }) => container).filter(Boolean)).size, header.title).toBe(1);
    const pivot = events.find(({ step }) => step === 'kernel/pivot-root');
    expect(pivot && causesOf(pivot, events).at(-1), header.title).toBe('client/command');
  }
  const lost = running.flatMap(({ events }) => events.filter(({ step }) => step === 'trace/lost-records'));
  expect(lost).toEqual([]);
});

it.each(['one-more', 'one-exec'])('what comes on such a host is seen as on an empty one: %s', (word) => {
  const trace = of(word);
  const became = trace?.events.find(
    ({ step, data }) => step === 'kernel/execve' && (data.argv as string[])?.[1] === word,
  );
  expect(became && trace && causesOf(became, trace.events).at(-1)).toBe('client/command');
});
