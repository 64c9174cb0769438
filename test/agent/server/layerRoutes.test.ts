import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { diskContentSchema, diskFolderSchema, diskStackSchema } from '@underdock/trace';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startAgent, type TestAgent } from '../../fakes/agent.ts';
import { facts } from '../../fakes/layerOnDisk.ts';

const NAME = '0123456789abcdef01234567';
let agent: TestAgent;
let id: string;
let layers: string;

beforeAll(async () => {
  agent = await startAgent();
  const folder = join(agent.folder, 'layers', NAME);
  mkdirSync(join(folder, 'etc'), { recursive: true });
  writeFileSync(join(folder, 'etc', 'motd'), 'welcome\n');
  const { body } = await agent.call('/api/runs', { method: 'POST', body: { image: 'x', command: ['true'] } });
  id = (body as { id: string }).id;
  layers = `/api/runs/${id}/layers`;
  const run = agent.runs.all.get(id)!;
  run.emit(
    ...facts(
      [
        'high-level/has-layer',
        { index: 0, diffId: 'sha256:aa', createdBy: 'COPY', unpackedBytes: 8, folder },
      ],
      ['high-level/has-layer', { index: 1, diffId: 'sha256:bb', folder: '/etc' }],
      [
        'high-level/has-snapshot',
        {
          kind: 'overlay',
          target: '/t',
          lower: ['/etc', folder],
          upper: join(agent.folder, 'runs', id, 'upper'),
        },
        'c1',
      ],
    ).map(({ seq: _seq, ...event }) => event),
  );
});
afterAll(() => agent?.close());

describe('the layers of a run', () => {
  it('are listed with what can be looked into, and why not the others', async () => {
    const answer = await agent.call(layers);
    const stack = diskStackSchema.parse(answer.body);
    expect(stack.layers.map(({ kind, closed }) => [kind, closed !== undefined])).toEqual([
      ['image', false],
      ['image', true],
      ['upper', true],
    ]);
    expect(stack.layers[1]?.closed).toContain('no store of layers');
    expect(stack.layers[2]?.closed).toContain('not there any more');
  });

  it('have their folders listed and their files shown', async () => {
    const folder = await agent.call(`${layers}/0/files?path=/etc`);
    expect(diskFolderSchema.parse(folder.body).entries.map(({ name }) => name)).toEqual(['motd']);
    const content = await agent.call(`${layers}/0/content?path=/etc/motd`);
    expect(diskContentSchema.parse(content.body).text).toBe('welcome\n');
    expect(content.headers.get('cache-control')).toBe('no-store');
    expect(content.headers.get('content-type')).toContain('application/json');
  });

  it('are for the drive link alone', async () => {
    for (const path of [layers, `${layers}/0/files`, `${layers}/0/content?path=/etc/motd`]) {
      const answer = await agent.call(path, { token: agent.access.watch });
      expect([path, answer.status]).toEqual([path, 403]);
      expect(answer.body).toMatchObject({ error: { code: 'drive-only' } });
      expect((await agent.call(path, { token: null })).status).toBe(401);
    }
  });

  it.each([
    ['/1/files?path=/', 403, 'not-a-layer'],
    ['/1/content?path=/hostname', 403, 'not-a-layer'],
    ['/0/content?path=/etc/shadow', 403, 'secret-file'],
    ['/0/content?path=/etc', 400, 'no-file'],
    ['/0/content?path=/none', 404, 'file-not-found'],
    ['/0/content?path=/../../../../etc/hostname', 400, 'bad-path'],
    ['/0/content?path=%2Fetc%2F..%2F..%2F..%2F..%2Fetc%2Fhostname', 400, 'bad-path'],
    ['/0/content?path=/etc/motd%00', 400, 'bad-path'],
    ['/0/files?path=/etc&path=/', 400, 'bad-request'],
    ['/0/files?container=../x', 400, 'bad-request'],
    ['/7/files', 404, 'layer-not-found'],
    ['/-1/files', 400, 'bad-request'],
    ['/0x0/files', 400, 'bad-request'],
    ['/2/files', 404, 'folder-not-found'],
  ])('%s is answered with %i %s', async (path, status, code) => {
    const answer = await agent.call(layers + path);
    expect([answer.status, (answer.body as { error: { code: string } }).error.code]).toEqual([status, code]);
  });

  it('of a run that this agent does not have are nowhere, whatever lies in its folder of traces', async () => {
    expect((await agent.call('/api/runs/other/layers')).status).toBe(404);
    expect((await agent.call('/api/runs/..%2f..%2f/layers')).status).toBe(404);
  });

  it('can’t be read faster than a person does', async () => {
    const other = await startAgent();
    // All at once: one after the other they could be slow enough on a busy machine.
    const asked = Array.from({ length: 160 }, () => other.call('/api/runs/none/layers'));
    const statuses = new Set((await Promise.all(asked)).map(({ status }) => status));
    expect([...statuses].sort()).toEqual([404, 429]);
    await other.close();
  });
});
