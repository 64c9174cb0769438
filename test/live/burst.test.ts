import { afterAll, beforeAll, expect, it } from 'vitest';
import { type RealAgent, startRealAgent } from '../e2e/agent.ts';

/** More runs at once than this machine has processors, several times over. */
const RUNS = 9;

let agent: RealAgent;
beforeAll(async () => {
  agent = await startRealAgent();
});
afterAll(() => agent?.close());

async function ended(id: string): Promise<string[]> {
  for (const limit = Date.now() + 90_000; Date.now() < limit; ) {
    const { state } = (await (await agent.ask(`api/runs/${id}`)).json()) as { state: string };
    if (state === 'finished' || state === 'failed') break;
    await new Promise((resolve) => setTimeout(resolve, 200));
  }
  const text = await (await agent.ask(`api/traces/${id}`)).text();
  return text.trimEnd().split('\n');
}

it('runs that are asked for all at once have whole traces each: none misses what its container became', async () => {
  const made = Array.from({ length: RUNS }, async (_, n) => {
    const runtime = n % 2 === 0 ? 'runc' : 'crun';
    const answer = await agent.ask('api/runs', {
      image: 'starter',
      command: ['/bin/sh', '-c', `exit ${n}`],
      runtime,
    });
    expect(answer.status).toBe(201);
    return ((await answer.json()) as { id: string }).id;
  });
  const traces = await Promise.all(made.map(async (id) => ended(await id)));
  for (const [n, lines] of traces.entries()) {
    const [header, ...events] = lines.map((line) => JSON.parse(line));
    expect(header.watchers, `run ${n}`).toEqual([{ layer: 'kernel', name: 'bpftrace', state: 'ok' }]);
    const of = (step: string) => events.filter((event) => event.step === step);
    expect(of('trace/lost-records'), `run ${n}`).toEqual([]);
    expect(of('trace/watcher-changed'), `run ${n}`).toEqual([]);
    const became = of('kernel/execve').some(
      ({ type, data }) => type === 'log' && data.argv?.[2] === `exit ${n}`,
    );
    expect(became, `run ${n}: its init becomes its own command`).toBe(true);
    expect(
      of('kernel/pivot-root').filter(({ type }) => type === 'end'),
      `run ${n}`,
    ).toHaveLength(1);
    expect(
      of('kernel/exit').some(({ data }) => data.exitCode === n),
      `run ${n}`,
    ).toBe(true);
    expect(new Set(events.map(({ container }) => container).filter(Boolean)).size, `run ${n}`).toBe(1);
  }
});
