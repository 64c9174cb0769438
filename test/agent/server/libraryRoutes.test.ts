import { once } from 'node:events';
import { type IncomingMessage, request } from 'node:http';
import { gunzipSync, gzipSync } from 'node:zlib';
import type { LibraryAnswer, TrashEntry } from '@underdock/trace';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { heard, startAgent, type TestAgent } from '../../fakes/agent.ts';
import { sampleEvents, sampleHeader, sampleText } from '../../trace/sample.ts';

let agent: TestAgent;
beforeAll(async () => {
  agent = await startAgent();
});
afterAll(() => agent.close());

const named = (id: string) => sampleText(sampleEvents(), sampleHeader({ id }));
const send = (bytes: string | Uint8Array<ArrayBuffer>, name = 'one.chain', token = agent.access.drive) =>
  agent.call(`/api/library?name=${encodeURIComponent(name)}`, {
    method: 'POST',
    token,
    body: new Blob([bytes]),
    headers: { 'content-type': 'application/octet-stream' },
  });
const change = (id: string, body: unknown, token = agent.access.drive) =>
  agent.call(`/api/library/${id}`, { method: 'PATCH', body, token });
const list = async (query = '') => (await agent.call(`/api/library${query}`)).body as LibraryAnswer;

describe('the library over HTTP', () => {
  it('takes traces in, finds them, says what was said about them, and gives them back packed', async () => {
    const sent = await send(new Uint8Array(gzipSync(named('first'))), '../x/der erste.chain.gz');
    expect([sent.status, sent.body]).toMatchObject([
      201,
      { id: 'first', state: 'whole', importedFrom: 'der erste.chain.gz' },
    ]);
    const said = { title: 'Grüße: the first', notes: 'of many', tags: ['lesson 1'] };
    expect((await change('first', said)).body).toMatchObject(said);
    expect(await list('?q=gru&tag=lesson%201')).toMatchObject({ found: 1, entries: [said] });
    expect(await list('?q=gru&tag=lesson%202')).toMatchObject({ found: 0, total: 1 });
    const link = `${agent.url}/api/library/first/file?token=${agent.access.watch}`;
    const file = await fetch(link);
    expect(file.headers.get('content-disposition')).toBe(
      'attachment; filename="gr-e-the-first-first.chain.gz"',
    );
    expect(gunzipSync(await file.arrayBuffer()).toString()).toBe(named('first'));
  });

  it('refuses what is there already and what is no trace, with what is wrong', async () => {
    await send(named('twice'));
    expect(await send(named('twice'))).toMatchObject({
      status: 409,
      body: { error: { code: 'already-there' } },
    });
    expect(await send('no trace')).toMatchObject({
      status: 422,
      body: { error: { code: 'broken-trace', message: expect.stringContaining('no header of a trace') } },
    });
  });

  it('deletes into the trash, and back', async () => {
    await send(named('unwanted'));
    const gone = await agent.call('/api/library/unwanted', { method: 'DELETE' });
    const { trash } = gone.body as { trash: string };
    expect((await agent.call('/api/trash')).body as TrashEntry[]).toMatchObject([{ key: trash }]);
    expect((await agent.call('/api/library/unwanted')).status).toBe(404);
    const back = await agent.call(`/api/trash/${trash}/restore`, { method: 'POST' });
    expect(back).toMatchObject({ status: 200, body: { id: 'unwanted' } });
    await agent.call('/api/library/unwanted', { method: 'DELETE' });
    expect((await agent.call('/api/trash', { method: 'DELETE' })).status).toBe(204);
    expect((await agent.call('/api/trash')).body).toEqual([]);
    expect((await agent.call('/api/trash/1-x', { method: 'DELETE' })).status).toBe(404);
  });

  it('a run that is removed takes its trace to the trash', async () => {
    const { body } = await agent.call('/api/runs', {
      method: 'POST',
      body: { image: 'starter', command: ['true'] },
    });
    const { id } = body as { id: string };
    expect((await list()).entries.map((one) => one.id)).toContain(id);
    await agent.runs.all.get(id)?.done;
    expect((await agent.call(`/api/runs/${id}`, { method: 'DELETE' })).status).toBe(204);
    expect((await list()).entries.map((one) => one.id)).not.toContain(id);
    expect((await agent.call('/api/trash')).body).toMatchObject([{ id }]);
  });

  it('tells everybody that it has changed', async () => {
    const audience = agent.socket(agent.access.watch);
    await heard(audience, 'role');
    const told = heard(audience, 'library');
    await send(named('told'));
    await told;
  });
});

describe('who may do what', () => {
  it('the watch link looks and downloads, and changes nothing', async () => {
    const { watch } = agent.access;
    await send(named('shown'));
    for (const path of ['/api/library', '/api/library/shown', '/api/library/shown/file', '/api/trash'])
      expect((await agent.call(path, { token: watch })).status, path).toBe(200);
    for (const [method, path] of [
      ['PATCH', '/api/library/shown'],
      ['DELETE', '/api/library/shown'],
      ['POST', '/api/library'],
      ['DELETE', '/api/trash'],
      ['POST', '/api/trash/1-x/restore'],
    ] as const)
      expect((await agent.call(path, { token: watch, method })).status, `${method} ${path}`).toBe(403);
    expect((await agent.call('/api/library', { token: null })).status).toBe(401);
    expect((await send(named('other'), 'x', 'wrong')).status).toBe(401);
  });

  it.each([
    [{ title: 'x'.repeat(201) }, 'title'],
    [{ title: 'two\nlines' }, 'title'],
    [{ tags: ['a,b'] }, 'tags'],
    [{ tags: Array.from({ length: 21 }, (_, n) => `tag ${n}`) }, 'tags'],
    [{ notes: 'x'.repeat(20_001) }, 'notes'],
    [{ notes: 5 }, 'notes'],
    [{ id: 'other' }, 'id'],
    [{}, 'change'],
  ])('%j is refused, and nothing has changed', async (body, named_) => {
    const answer = await change('shown', body);
    expect(answer.status).toBe(400);
    expect((answer.body as { error: { message: string } }).error.message).toContain(named_);
    expect((await agent.call('/api/library/shown')).body).toMatchObject({ title: '', notes: '', tags: [] });
  });

  it.each(['..%2f..%2fetc%2fpasswd', '%00', 'README', '.import-x'])(
    'no id leads elsewhere: %s',
    async (id) => {
      expect((await agent.call(`/api/library/${id}/file`)).status).toBe(404);
      expect((await change(id, { title: 'x' })).status).toBe(404);
    },
  );

  it('a file that says it is too large is not even read', async () => {
    expect((await agent.call('/api/library?limit=0')).status).toBe(400);
    const asked = request(`${agent.url}/api/library`, {
      method: 'POST',
      headers: { authorization: `Bearer ${agent.access.drive}`, 'content-length': 257 * 1024 * 1024 },
    });
    asked.flushHeaders();
    const [response] = (await once(asked, 'response')) as [IncomingMessage];
    expect(response.statusCode).toBe(413);
    asked.destroy();
  });
});
