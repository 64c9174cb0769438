import { readdirSync, readFileSync } from 'node:fs';
import { verifyTrace } from '@underdock/trace';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { type RealAgent, startRealAgent } from '../e2e/agent.ts';
import { leftOnHost } from '../live/embeddedLab.ts';

const RUNS = Number(process.env.UNDERDOCK_SOAK ?? 100);
/** After this many runs everything that is loaded once has been loaded. */
const WARM = 10;

let agent: RealAgent;
beforeAll(async () => {
  agent = await startRealAgent();
});
afterAll(() => agent?.close());

async function runOnce(n: number): Promise<void> {
  const answer = await agent.ask('api/runs', {
    image: 'starter',
    command: ['/bin/sh', '-c', `exit ${n % 100}`],
  });
  const { id } = (await answer.json()) as { id: string };
  for (;;) {
    const { state, exitCode } = (await (await agent.ask(`api/runs/${id}`)).json()) as {
      state: string;
      exitCode: number;
    };
    if (state === 'failed') throw new Error(`run ${n} failed`);
    if (state === 'finished') {
      expect(exitCode).toBe(n % 100);
      break;
    }
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
  const text = await (await agent.ask(`api/traces/${id}`)).text();
  expect(await verifyTrace([text]), `run ${n}`).toMatchObject({ state: 'whole', faults: [] });
  expect(text, `run ${n}`).not.toContain('trace/lost-records');
}

async function agentPid(): Promise<number> {
  return (JSON.parse(readFileSync(`${agent.stateDir}/agent.json`, 'utf8')) as { pid: number }).pid;
}

function held(pid: number): { descriptors: number; megabytes: number; children: number } {
  const status = readFileSync(`/proc/${pid}/status`, 'utf8');
  return {
    descriptors: readdirSync(`/proc/${pid}/fd`).length,
    megabytes: Number(/VmRSS:\s+(\d+)/.exec(status)?.[1]) / 1024,
    children: readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8').trim().split(/\s+/).length,
  };
}

it(`${RUNS} runs in a row have whole traces, and the agent holds no more after them than after the first few`, async () => {
  const pid = await agentPid();
  for (let n = 0; n < WARM; n++) await runOnce(n);
  const before = held(pid);
  for (let n = WARM; n < RUNS; n++) await runOnce(n);
  const after = held(pid);
  console.log(`after ${WARM} runs`, before, `after ${RUNS}`, after);
  expect(after.descriptors).toBeLessThanOrEqual(before.descriptors + 4);
  expect(after.children).toBeLessThanOrEqual(before.children);
  // Thirty finished runs stay in memory by design; what grows beyond these does not stop growing.
  expect(after.megabytes).toBeLessThan(before.megabytes + 250);
  expect(leftOnHost(agent.stateDir).filter((left) => !left.startsWith('process'))).toEqual([]);
});
