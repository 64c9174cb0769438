import { mkdtempSync, rmSync } from 'node:fs';
import { request } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Descriptor, Store } from '@underdock/image';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type Registry, startRegistry } from '../../../apps/agent/src/daemons/registry.ts';
import { makeImage, makeTar } from '../../fakes/imageMaker.ts';

let folder: string;
let registry: Registry;
let image: Descriptor;
let layer: Descriptor;
let base: string;

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'underdock-registry-'));
  const store = new Store(folder);
  image = await makeImage(store, 'team/app', 'v1', [{ tar: await makeTar([{ name: 'a', content: 'abc' }]) }]);
  layer = JSON.parse(Buffer.from(await store.read(image.digest)).toString()).layers[0];
  registry = await startRegistry(store);
  base = `http://${registry.host}/v2`;
});
afterAll(async () => {
  await registry.close();
  rmSync(folder, { recursive: true });
});

describe('the loopback registry', () => {
  test('says that it speaks the distribution spec', async () => {
    const answer = await fetch(`${base}/`);
    expect([answer.status, answer.headers.get('docker-distribution-api-version')]).toEqual([
      200,
      'registry/2.0',
    ]);
  });

  test.each(['GET', 'HEAD'])('serves a manifest by tag and by digest to %s', async (method) => {
    for (const target of ['v1', image.digest]) {
      const answer = await fetch(`${base}/team/app/manifests/${target}`, { method });
      expect(answer.status).toBe(200);
      expect(answer.headers.get('content-type')).toBe(image.mediaType);
      expect(answer.headers.get('docker-content-digest')).toBe(image.digest);
      expect(answer.headers.get('content-length')).toBe(String(image.size));
      expect((await answer.text()).length).toBe(method === 'GET' ? image.size : 0);
    }
  });

  test.each([
    ['bytes=0-3', 206, 4],
    ['bytes=5-', 206, -5],
    ['bytes=-7', 206, 7],
    ['bytes=0-999999', 206, 0],
    ['bytes=999999-', 416, undefined],
    ['bytes=nonsense', 200, 0],
    ['bytes=0-1,3-4', 200, 0],
  ])('answers a blob with Range %s by %i', async (range, status, length) => {
    const answer = await fetch(`${base}/team/app/blobs/${layer.digest}`, { headers: { range } });
    expect(answer.status).toBe(status);
    const bytes = (await answer.arrayBuffer()).byteLength;
    if (length !== undefined) expect(bytes).toBe(length > 0 ? length : layer.size + length);
  });

  test('lists tags and repositories', async () => {
    expect(await (await fetch(`${base}/team/app/tags/list`)).json()).toEqual({
      name: 'team/app',
      tags: ['v1'],
    });
    expect(await (await fetch(`${base}/_catalog`)).json()).toEqual({ repositories: ['team/app'] });
  });

  test.each([
    ['team/app/manifests/v2', 'MANIFEST_UNKNOWN'],
    ['other/manifests/v1', 'MANIFEST_UNKNOWN'],
    [`team/app/blobs/sha256:${'0'.repeat(64)}`, 'BLOB_UNKNOWN'],
    ['other/tags/list', 'NAME_UNKNOWN'],
    ['team/app/blobs/sha256:..%2f..%2fetc%2fpasswd', 'NAME_UNKNOWN'],
    ['Team/App/manifests/v1', 'NAME_UNKNOWN'],
  ])('answers %s with 404 %s', async (path, code) => {
    const answer = await fetch(`${base}/${path}`);
    expect([
      answer.status,
      ((await answer.json()) as { errors: { code: string }[] }).errors[0]?.code,
    ]).toEqual([404, code]);
  });

  test.each([
    '/v2/../../etc/passwd',
    '/v2/team/../../x/manifests/v1',
    '/v2/%2e%2e/%2e%2e/blobs/x',
    '/v2/%',
    '//',
  ])('does not break on the path %s', async (path) => {
    const status = await new Promise((resolve, reject) => {
      request({ host: '127.0.0.1', port: registry.port, path }, (answer) =>
        resolve(answer.resume().statusCode),
      )
        .on('error', reject)
        .end();
    });
    expect([400, 404]).toContain(status);
  });

  test('is read-only', async () => {
    const answer = await fetch(`${base}/team/app/manifests/v1`, { method: 'DELETE' });
    expect([answer.status, answer.headers.get('allow')]).toEqual([405, 'GET, HEAD']);
  });
});
