import { readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import type { LibraryAnswer, LibraryEntry, RunSummary } from '@underdock/trace';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type RealAgent, startRealAgent } from '../e2e/agent.ts';
import { readTrace, underdock } from './commandLine.ts';

let agent: RealAgent;
let id: string;
const file = () => join(agent.stateDir, 'traces', `${id}.chain`);
const entry = async () => (await (await agent.ask(`/api/library/${id}`)).json()) as LibraryEntry;

beforeAll(async () => {
  agent = await startRealAgent();
  const body = { image: 'starter', command: ['/bin/sh', '-c', 'while :; do echo here; sleep 0.05; done'] };
  id = ((await (await agent.ask('/api/runs', body)).json()) as { id: string }).id;
});
afterAll(async () => {
  await agent?.close();
});

/** The output of the container, as the trace has it. */
function outputIn(trace: string): string {
  const pieces = readFileSync(trace, 'utf8').matchAll(/"step":"process\/output".*?"base64":"([^"]*)"/g);
  return [...pieces].map(([, base64 = '']) => Buffer.from(base64, 'base64').toString()).join('');
}

describe('an agent that is killed in the middle of a run', () => {
  it('leaves a trace that is whole up to its last line, and cut off in the library of the next agent', async () => {
    const run = async () => (await (await agent.ask(`/api/runs/${id}`)).json()) as RunSummary;
    await expect
      .poll(async () => /here/.test(outputIn(file())) && (await run()).state, { timeout: 60_000 })
      .toBe('running');
    const header = { authorization: `Bearer ${new URL(agent.drive).searchParams.get('token')}` };
    const said = { title: 'interrupted', notes: 'in the middle', tags: ['crash'] };
    const described = await fetch(new URL(`/api/library/${id}`, agent.drive), {
      method: 'PATCH',
      headers: { ...header, 'content-type': 'application/json' },
      body: JSON.stringify(said),
    });
    expect(await described.json()).toMatchObject({ ...said, state: 'growing' });
    await agent.crash();
    const { events, verdict } = await readTrace(file());
    expect(verdict.state).toBe('cut');
    expect(verdict.events).toBe(events.length);
    expect(events.at(-1)?.seq).toBe(events.length);
    expect((await underdock(['verify', file()])).exitCode).toBe(3);

    // Whatever befalls the index meanwhile: it is made anew from what lies there.
    rmSync(join(agent.stateDir, 'library.sqlite'));
    agent = await startRealAgent({ stateDir: agent.stateDir });
    expect(await entry()).toMatchObject({ ...said, state: 'cut', events: events.length });
    const found = (await (await agent.ask('/api/library?q=interrupted&tag=crash')).json()) as LibraryAnswer;
    expect(found).toMatchObject({ found: 1, problems: [] });
  });
});
