import { mkdtempSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { type Descriptor, type ImageErrorCode, Store, unpackTree } from '@underdock/image';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { type Misbehaviour, refuse } from '../fakes/badRegistry.ts';
import { makeImage, makeTar } from '../fakes/imageMaker.ts';
import { PullBench } from '../fakes/pullBench.ts';

const bench = new PullBench();
const registry = (misbehave: Misbehaviour) => bench.registry(misbehave);
const failure: PullBench['failure'] = (...args) => bench.failure(...args);
const pull: PullBench['pull'] = (...args) => bench.pull(...args);
const isBig = (url = '') => url.endsWith(bench.bigLayer.digest);

beforeAll(() => bench.prepare());
afterEach(() => bench.closeAll());
afterAll(() => bench.remove());

describe('a registry that refuses', () => {
  test.each<[number, ImageErrorCode, number | undefined, string]>([
    [401, 'denied', undefined, 'log in'],
    [403, 'denied', undefined, 'docker login'],
    [404, 'unknown-image', undefined, 'check the name'],
    [429, 'rate-limited', 3, 'try again'],
    [500, 'registry-fault', 3, 'try again later'],
    [503, 'registry-fault', 3, 'try again later'],
    [418, 'registry-fault', undefined, 'check that this is an image registry'],
  ])('with %i is reported as %s and says what to do', async (status, code, attempts, advice) => {
    const { host } = await registry((request, response) =>
      request.url?.includes('/manifests/')
        ? refuse(response, status, status === 401 ? { 'WWW-Authenticate': 'Basic realm="x"' } : {})
        : false,
    );
    const error = await failure(host);
    expect(error.code).toBe(code);
    expect(error.attempts).toBe(attempts);
    expect(error.message).toContain(advice);
    expect(error.url).toContain(host);
  });

  test('has its words repeated without control characters', async () => {
    const { host } = await registry((request, response) =>
      request.method === 'GET' && request.url?.includes('/blobs/') ? refuse(response, 403) : false,
    );
    const { message } = await failure(host);
    expect(message).toContain('FAKE: as [31m told');
    expect(message).not.toContain('\u001b');
  });

  test('for a while is asked again, after as long as it wants', async () => {
    let refusals = 2;
    const { host } = await registry((request, response) => {
      if (!isBig(request.url) || refusals === 0) return false;
      refusals -= 1;
      return refuse(response, 429, { 'Retry-After': '0' });
    });
    const { image } = await pull(host);
    expect(image.layers).toHaveLength(2);
  });

  test('for longer than anyone would wait is not waited for', async () => {
    const { host, seen } = await registry((request, response) =>
      request.url?.includes('/manifests/') ? refuse(response, 429, { 'Retry-After': '7200' }) : false,
    );
    const error = await failure(host);
    expect(error.message).toContain('in 7200 s');
    expect(seen.filter(({ url }) => url.includes('/manifests/'))).toHaveLength(1);
  });

  test('to answer at all is unreachable', async () => {
    const server = await registry(() => false);
    await server.close();
    const error = await failure(server.host);
    expect([error.code, error.attempts]).toEqual(['unreachable', 3]);
  });
});

describe('content that is not what was asked for', () => {
  const swap =
    (
      wanted: () => Descriptor,
      bytes: (good: Buffer) => Buffer,
      headers: Record<string, string> = {},
    ): Misbehaviour =>
    (request, response) => {
      if (!request.url?.endsWith(wanted().digest)) return false;
      const good = readFileSync(bench.source.path(wanted().digest));
      const bad = bytes(good);
      response.writeHead(200, { 'Content-Length': String(bad.byteLength), ...headers });
      response.end(bad);
      return true;
    };
  const flip = (good: Buffer) => {
    good[good.length >> 1] = (good[good.length >> 1] ?? 0) ^ 1;
    return good;
  };

  test('is refused when one bit of a layer is wrong', async () => {
    const { host } = await registry(swap(() => bench.bigLayer, flip));
    expect((await failure(host)).code).toBe('digest-mismatch');
  });

  test('is refused when one bit of the manifest is wrong', async () => {
    const { host } = await registry((request, response) => {
      if (request.method === 'HEAD') return false;
      return swap(() => bench.target, flip)(request, response, () => {});
    });
    expect((await failure(host)).code).toBe('digest-mismatch');
  });

  test('is refused when its announced length is not the manifest’s', async () => {
    const { host } = await registry(
      swap(
        () => bench.bigLayer,
        (good) => good.subarray(0, 1000),
      ),
    );
    const error = await failure(host);
    expect(error.code).toBe('size-mismatch');
    expect(error.message).toContain('1000 bytes');
  });

  test('is refused when it is longer than the manifest says, however long it goes on', async () => {
    const { host } = await registry((request, response) => {
      if (!isBig(request.url)) return false;
      response.writeHead(200);
      const more = () => {
        while (response.write(Buffer.alloc(65536)));
        response.once('drain', more);
      };
      more();
      return true;
    });
    expect((await failure(host)).code).toBe('size-mismatch');
  });

  test('is refused when a manifest is endless', async () => {
    const { host } = await registry((request, response) => {
      if (request.method !== 'GET' || !request.url?.includes('/manifests/')) return false;
      response.writeHead(200, { 'Content-Type': 'application/vnd.oci.image.manifest.v1+json' });
      const more = () => {
        while (response.write(' '.repeat(65536)));
        response.once('drain', more);
      };
      more();
      return true;
    });
    expect((await failure(host)).code).toBe('too-large');
  });

  test.each([
    ['docker’s old schema 1', '{"schemaVersion":1,"name":"image"}', 'unsupported-media-type', 'schema 1'],
    ['no JSON', 'hello', 'bad-manifest', 'not JSON'],
    ['a list', '[]', 'bad-manifest', 'not a JSON object'],
    ['a manifest without layers', '{"schemaVersion":2}', 'unsupported-media-type', ''],
    [
      'a manifest with a bad digest',
      '{"schemaVersion":2,"layers":[{"mediaType":"x","digest":"sha256:../../x","size":1}],"config":{}}',
      'bad-manifest',
      'digest',
    ],
    [
      'a helm chart’s layer',
      `{"schemaVersion":2,"config":{"mediaType":"x","digest":"sha256:${'a'.repeat(64)}","size":1},"layers":[{"mediaType":"application/helm","digest":"sha256:${'a'.repeat(64)}","size":1}]}`,
      'unsupported-media-type',
      'application/helm',
    ],
  ])('is refused when the manifest is %s', async (_, text, code, words) => {
    const { host } = await registry((request, response) => {
      if (!request.url?.includes('/manifests/')) return false;
      if (request.method === 'HEAD') response.writeHead(405).end();
      else response.writeHead(200, { 'Content-Type': 'application/json' }).end(text);
      return true;
    });
    const error = await failure(host);
    expect(error.code).toBe(code);
    expect(error.message).toContain(words);
  });

  test('is unpacked to nothing when a layer doesn’t have the diffId that the config says', async () => {
    const store = new Store(mkdtempSync(join(bench.folder, 'lie-')));
    const honest = await makeTar([{ name: 'a', content: 'a' }]);
    await makeImage(store, 'image', 'latest', [{ tar: honest }]);
    const { image } = await pull((await registry(() => false)).host);
    const lied = image.layers.map((layer) => ({ ...layer, diffId: `sha256:${'0'.repeat(64)}` }));
    const root = join(bench.folder, 'lied-root');
    await expect(unpackTree({ layers: lied }, root, { store: bench.source })).rejects.toMatchObject({
      code: 'digest-mismatch',
    });
    expect(readdirSync(bench.folder).filter((name) => name.startsWith('lied-root'))).toEqual([]);
  });
});
