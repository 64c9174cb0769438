import { type ChildProcess, spawn } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, expect, it } from 'vitest';

const MAIN = fileURLToPath(new URL('../../apps/agent/src/main.ts', import.meta.url));
let folder: string;
let agent: ChildProcess;
let base: URL;
let token: string;

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'underdock-http-'));
  agent = spawn(process.execPath, [MAIN, 'up', '--port', '0', '--state', folder], { stdio: 'pipe' });
  let said = '';
  const link = await new Promise<string>((resolve, reject) => {
    agent.stdout?.on('data', (bytes) => {
      said += bytes;
      const found = /http:\/\/\S+token=\S+/.exec(said)?.[0];
      if (found) resolve(found);
    });
    agent.once('exit', () => reject(new Error(`the agent ended: ${said}`)));
  });
  base = new URL(link);
  token = base.searchParams.get('token') ?? '';
});
afterAll(async () => {
  const ended = new Promise((resolve) => agent.once('exit', resolve));
  agent.kill('SIGTERM');
  await ended;
  rmSync(folder, { recursive: true, force: true });
});

async function api(path: string, body?: object): Promise<{ status: number; json: Record<string, unknown> }> {
  const headers = { authorization: `Bearer ${token}`, 'content-type': 'application/json' };
  const init = body ? { method: 'POST', headers, body: JSON.stringify(body) } : { headers };
  const answer = await fetch(new URL(path, base), init);
  return { status: answer.status, json: (await answer.json()) as Record<string, unknown> };
}

it('a container of a private docker engine is started, ordered about and stopped over HTTP', async () => {
  const request = { image: 'starter', via: 'docker', engine: 'private', command: ['sleep', '100'] };
  const { status, json } = await api('api/runs', request);
  expect(status).toBe(201);
  const run = `api/runs/${json.id}`;
  await expect.poll(async () => (await api(run)).json.state, { timeout: 60_000 }).toBe('running');
  const done = await api(`${run}/exec`, { command: ['sh', '-c', 'echo in; exit 3'] });
  expect(done.json).toEqual({ exitCode: 3, stdout: Buffer.from('in\n').toString('base64'), stderr: '' });
  expect((await api(`${run}/update`, { memory: '64m' })).status).toBe(200);
  expect((await api(`${run}/update`, {})).status).toBe(400);
  expect((await api(`${run}/pause`, {})).status).toBe(200);
  expect((await api(`${run}/unpause`, {})).status).toBe(200);
  expect((await api(`${run}/kill`, {})).status).toBe(200);
  await expect.poll(async () => (await api(run)).json).toMatchObject({ state: 'finished', exitCode: 137 });
  expect(await api(`${run}/pause`, {})).toMatchObject({
    status: 409,
    json: { error: { code: 'not-running' } },
  });
});

it('a socket that nobody allowed, and a network of another container, are refused', async () => {
  const refused = async (more: object) =>
    (await api('api/runs', { image: 'starter', via: 'docker', ...more })).json;
  expect(await refused({ socket: '/run/other.sock' })).toMatchObject({
    error: { code: 'socket-not-allowed' },
  });
  expect(await refused({ network: 'container:x' })).toMatchObject({ error: { code: 'bad-network' } });
  expect(await refused({ publish: ['80'], network: 'none' })).toMatchObject({
    error: { code: 'bad-publish' },
  });
});

it('runs of other ways in say that they take no orders', async () => {
  const { json } = await api('api/runs', { image: 'starter', via: 'embedded', command: ['sleep', '5'] });
  expect(await api(`api/runs/${json.id}/pause`, {})).toMatchObject({ status: 501 });
  await api(`api/runs/${json.id}/stop`, { graceMs: 0 });
});
