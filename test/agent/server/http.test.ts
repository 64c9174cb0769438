import { mkdirSync, writeFileSync } from 'node:fs';
import { request } from 'node:http';
import { join } from 'node:path';
import { verifyTrace } from '@underdock/trace';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { startAgent, type TestAgent } from '../../fakes/agent.ts';

let agent: TestAgent;
beforeAll(async () => {
  agent = await startAgent();
});
afterAll(() => agent.close());

const RUN = { image: 'starter', command: ['sh', '-c', 'echo hi'] };

async function finished(id: string): Promise<void> {
  await agent.runs.get(id)?.done;
}

describe('access', () => {
  test('health is open, everything else is not', async () => {
    const health = await agent.call('/api/health', { token: null });
    expect(health.status).toBe(200);
    expect(health.body).toMatchObject({ ok: true, version: '0.1.0' });
    for (const path of ['/api/runs', '/api/doctor', '/api/traces', '/api/runs/x', '/api/nothing']) {
      const answer = await agent.call(path, { token: null });
      expect([path, answer.status]).toEqual([path, 401]);
      expect(answer.body).toMatchObject({
        error: { code: 'unauthorized', remedy: expect.stringContaining('Bearer') },
      });
    }
  });

  test.each(['wrong', '', 'x'.repeat(10_000)])('a wrong token is refused', async (token) => {
    expect((await agent.call('/api/runs', { token })).status).toBe(401);
  });

  test('a token may stand in the query', async () => {
    expect((await agent.call(`/api/runs?token=${agent.access.watch}`, { token: null })).status).toBe(200);
    expect((await agent.call('/api/runs?token=a&token=b', { token: null })).status).toBe(401);
  });

  test('the link for an audience is told to who drives, and not handed on by who watches', async () => {
    const answer = await agent.call('/api/audience');
    expect(answer.body).toEqual({ token: agent.access.watch, doors: [] });
    const watched = await agent.call('/api/audience', { token: agent.access.watch });
    expect(watched.status).toBe(403);
    expect(JSON.stringify(watched.body)).not.toContain(agent.access.watch);
  });

  test('the watch token looks and does nothing else', async () => {
    const token = agent.access.watch;
    for (const path of ['/api/runs', '/api/doctor', '/api/traces']) {
      expect((await agent.call(path, { token })).status).toBe(200);
    }
    for (const [method, path] of [
      ['POST', '/api/runs'],
      ['POST', '/api/runs/x/stop'],
      ['POST', '/api/runs/x/release'],
      ['DELETE', '/api/runs/x'],
    ] as const) {
      const answer = await agent.call(path, { token, method, ...(method === 'POST' && { body: RUN }) });
      expect(answer.status).toBe(403);
      expect(answer.body).toMatchObject({ error: { code: 'watch-only' } });
    }
    expect(agent.runs.list()).toEqual([]);
  });

  test('a foreign Host is refused, whatever the path and token (DNS rebinding)', async () => {
    for (const path of ['/', '/api/health', '/api/runs', '/socket.io/?EIO=4&transport=polling']) {
      expect(await rawStatus(path, { host: 'evil.example:7070' })).toBe(403);
    }
  });

  test('a foreign Origin is refused, our own is not', async () => {
    const evil = await agent.call('/api/runs', {
      method: 'POST',
      body: RUN,
      headers: { origin: 'http://evil.example' },
    });
    expect(evil.status).toBe(403);
    expect(evil.body).toMatchObject({ error: { code: 'foreign-origin' } });
    expect((await agent.call('/api/runs', { headers: { origin: agent.url } })).status).toBe(200);
  });

  function rawStatus(path: string, headers: Record<string, string>): Promise<number | undefined> {
    return new Promise((resolve, reject) => {
      const all = { ...headers, authorization: `Bearer ${agent.access.drive}` };
      request(agent.url + path, { headers: all }, (response) => {
        response.resume();
        resolve(response.statusCode);
      })
        .on('error', reject)
        .end();
    });
  }
});

describe('runs', () => {
  test('are started, listed, shown, and their trace can be fetched whole', async () => {
    const created = await agent.call('/api/runs', { method: 'POST', body: RUN });
    expect(created.status).toBe(201);
    const { id } = created.body as { id: string };
    expect(created.headers.get('location')).toBe(`runs/${id}`);
    await finished(id);
    expect((await agent.call(`/api/runs/${id}`)).body).toMatchObject({ id, state: 'finished', exitCode: 0 });
    expect((await agent.call('/api/runs')).body).toMatchObject([{ id }]);
    expect((await agent.call('/api/traces')).body).toMatchObject([{ id, title: 'starter' }]);
    const trace = await agent.call(`/api/traces/${id}`, { token: agent.access.watch });
    expect(trace.headers.get('content-type')).toContain('application/x-ndjson');
    expect(trace.headers.get('cache-control')).toBe('no-store');
    expect(await verifyTrace([trace.text])).toMatchObject({ state: 'whole', faults: [] });
  });

  test('are stopped with a signal and removed', async () => {
    const created = await agent.call('/api/runs', {
      method: 'POST',
      body: { image: 'x', command: ['sleep', '60'] },
    });
    const { id } = created.body as { id: string };
    await expect.poll(() => agent.runs.get(id)?.summary().state).toBe('running');
    const stopped = await agent.call(`/api/runs/${id}/stop`, {
      method: 'POST',
      body: { signal: 'SIGKILL', graceMs: 0 },
    });
    expect(stopped.body).toMatchObject({ state: 'finished', exitCode: 137 });
    expect((await agent.call(`/api/runs/${id}`, { method: 'DELETE' })).status).toBe(204);
    expect((await agent.call(`/api/runs/${id}`)).status).toBe(404);
    expect((await agent.call(`/api/runs/${id}`, { method: 'DELETE' })).status).toBe(404);
  });

  test('that are held are released once', async () => {
    const created = await agent.call('/api/runs', { method: 'POST', body: { ...RUN, hold: true } });
    const { id } = created.body as { id: string };
    expect((await agent.call(`/api/runs/${id}/release`, { method: 'POST' })).status).toBe(200);
    await finished(id);
    const again = await agent.call(`/api/runs/${id}/release`, { method: 'POST' });
    expect(again.status).toBe(409);
    expect(again.body).toMatchObject({ error: { code: 'not-held' } });
  });

  test('know whether a page, a command line or another program asked for them', async () => {
    const origins: Record<string, string>[] = [
      { origin: agent.url, 'x-underdock-client': 'cli' },
      { 'x-underdock-client': 'cli' },
      {},
    ];
    const asked = [];
    for (const headers of origins) {
      const { body } = await agent.call('/api/runs', { method: 'POST', body: RUN, headers });
      asked.push(agent.runs.all.get((body as { id: string }).id)?.origin);
    }
    expect(asked).toEqual(['page', 'cli', 'http']);
  });
});

describe('bad input is answered with what is wrong', () => {
  test.each([
    ['no image', {}, 400, 'image'],
    ['an unknown field', { image: 'x', privileged: true }, 400, 'privileged'],
    ['a bad size', { image: 'x', memory: 'lots' }, 400, 'memory'],
    ['a bad type', { image: 'x', command: 'ls' }, 400, 'command'],
    ['a NUL', { image: 'x', env: ['A=\0'] }, 400, 'env.0'],
    ['an unknown image', { image: 'missing' }, 404, 'no image'],
    ['no JSON', '{"image":', 400, 'JSON'],
    ['a list', '[]', 400, 'object'],
    ['a number', '7', 400, 'JSON'],
    ['too much', { image: 'x', command: ['x'.repeat(1_100_000)] }, 413, 'larger'],
  ])('%s', async (_name, body, status, says) => {
    const answer = await agent.call('/api/runs', { method: 'POST', body });
    expect(answer.status).toBe(status);
    const { error } = answer.body as { error: { code: string; message: string } };
    expect(error.message).toContain(says);
    expect(error.code).toMatch(/^[a-z-]+$/);
  });

  test.each([
    ['text/plain', 415],
    ['application/x-www-form-urlencoded', 415],
    ['application/json; charset=latin1', 415],
  ])('content of type %s', async (type, status) => {
    const headers = { 'content-type': type };
    expect((await agent.call('/api/runs', { method: 'POST', body: '{"image":"x"}', headers })).status).toBe(
      status,
    );
  });

  test('compressed bodies are refused, so that none can be a bomb', async () => {
    const headers = { 'content-encoding': 'gzip' };
    expect((await agent.call('/api/runs', { method: 'POST', body: '{}', headers })).status).toBe(415);
  });

  test('a path with another method says which are possible', async () => {
    for (const [method, path, allow] of [
      ['PUT', '/api/runs', 'GET, POST'],
      ['DELETE', '/api/traces', 'GET'],
      ['GET', '/api/runs/x/stop', 'POST'],
      ['POST', '/api/health', 'GET'],
    ] as const) {
      const answer = await agent.call(path, { method });
      expect([answer.status, answer.headers.get('allow')]).toEqual([405, allow]);
    }
  });

  test.each(['/api/traces/..%2f..%2fetc%2fpasswd', '/api/traces/%00', '/api/runs/%zz', '/api/traces/README'])(
    'the path %s leads nowhere',
    async (path) => {
      const { status, body } = await agent.call(path);
      expect(status === 404 || status === 400).toBe(true);
      expect(body).toHaveProperty('error.message');
    },
  );

  test('a mistake of ours is a 500 without details; the log has them and no token', async () => {
    const answer = await agent.call(`/api/runs?token=${agent.access.drive}`, {
      method: 'POST',
      body: { image: 'mistake' },
    });
    expect(answer.status).toBe(500);
    expect(answer.text).not.toContain('not a function');
    expect(agent.log.join()).toContain('x is not a function');
    expect(agent.log.join()).not.toContain(agent.access.drive);
  });
});

test('runs that are started too fast are put off', async () => {
  const other = await startAgent();
  const statuses = new Set<number>();
  for (let i = 0; i < 80; i++) {
    statuses.add((await other.call('/api/runs', { method: 'POST', body: { image: 'missing' } })).status);
  }
  expect([...statuses].sort()).toEqual([404, 429]);
  await other.close();
});

describe('the page', () => {
  let page: TestAgent;
  beforeAll(async () => {
    page = await startAgent({ publicUrl: 'https://lab.example/u/42/', allowHosts: ['frame.example'] });
  });
  afterAll(() => page.close());

  test('that is not built says how to build it', async () => {
    const answer = await page.call('/', { token: null });
    expect(answer.status).toBe(503);
    expect(answer.text).toContain('npm run build');
  });

  test('is served without a token, assets for ever and compressed, itself never from a cache', async () => {
    mkdirSync(join(page.folder, 'page', 'assets'), { recursive: true });
    writeFileSync(join(page.folder, 'page', 'index.html'), '<p>underdock</p>');
    writeFileSync(join(page.folder, 'page', 'assets', 'main-abc123.js'), 'export const a = 1;'.repeat(100));
    const index = await page.call('/?token=x', { token: null });
    expect(index.text).toBe('<p>underdock</p>');
    expect(index.headers.get('cache-control')).toBe('no-cache');
    const asset = await page.call('/assets/main-abc123.js', {
      token: null,
      headers: { 'accept-encoding': 'br' },
    });
    expect(asset.headers.get('cache-control')).toContain('immutable');
    expect(asset.headers.get('content-encoding')).toBe('br');
    expect(asset.headers.get('content-type')).toContain('javascript');
    expect(asset.text).toHaveLength(1900);
    const plain = await page.call('/assets/main-abc123.js', {
      token: null,
      headers: { 'accept-encoding': 'identity' },
    });
    expect(plain.text).toHaveLength(1900);
    expect(
      (await page.call('/assets/..%2f..%2ftraces%2fREADME', { token: null })).status,
    ).toBeGreaterThanOrEqual(400);
    expect((await page.call('/nowhere', { token: null })).status).toBe(404);
  });

  test('lets in no foreign content, sends no Referer and stays out of foreign frames', async () => {
    const { headers } = await page.call('/', { token: null });
    const policy = headers.get('content-security-policy') ?? '';
    expect(policy).toContain("script-src 'self';");
    expect(policy).toContain("frame-ancestors 'self' https://lab.example frame.example");
    expect(policy).not.toContain('unsafe-eval');
    expect(headers.get('referrer-policy')).toBe('no-referrer');
    expect(headers.get('x-content-type-options')).toBe('nosniff');
    expect(headers.get('set-cookie')).toBeNull();
  });

  test('is found below the public prefix, which gets its closing slash', async () => {
    expect((await page.call('/u/42/api/health', { token: null })).status).toBe(200);
    const short = await page.call('/u/42?token=x', { token: null });
    expect([short.status, short.headers.get('location')]).toEqual([308, '/u/42/?token=x']);
  });
});
