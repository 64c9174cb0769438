import { readdirSync, readFileSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseReference, pullImage, unpackTree } from '@underdock/image';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { type Misbehaviour, refuse } from '../fakes/badRegistry.ts';
import { PullBench, QUICK, unfinished } from '../fakes/pullBench.ts';

const bench = new PullBench();
const registry = (misbehave: Misbehaviour) => bench.registry(misbehave);
const failure: PullBench['failure'] = (...args) => bench.failure(...args);
const pull: PullBench['pull'] = (...args) => bench.pull(...args);
const isBig = (url = '') => url.endsWith(bench.bigLayer.digest);

beforeAll(() => bench.prepare());
afterEach(() => bench.closeAll());
afterAll(() => bench.remove());

describe('a connection that breaks', () => {
  /** Cuts the connection after `bytes` of the big layer, the first `times` times. */
  const cut = (bytes: number, times: number, ranges: boolean): Misbehaviour => {
    let left = times;
    return (request, response) => {
      if (!isBig(request.url)) return false;
      if (!ranges) delete request.headers.range;
      if (left === 0) return false;
      left -= 1;
      const good = readFileSync(bench.source.path(bench.bigLayer.digest));
      const start = Number(/bytes=(\d+)-/.exec(request.headers.range ?? '')?.[1] ?? 0);
      response.writeHead(start > 0 ? 206 : 200, {
        'Content-Length': String(good.length - start),
        ...(start > 0 ? { 'Content-Range': `bytes ${start}-${good.length - 1}/${good.length}` } : {}),
      });
      response.write(good.subarray(start, start + bytes), () => setTimeout(() => response.destroy(), 20));
      return true;
    };
  };

  test('is taken up where it broke, as often as it brings something', async () => {
    const { host, seen } = await registry(cut(60_000, 5, true));
    const { store, image } = await pull(host);
    expect(await store.has(bench.bigLayer, true)).toBe(true);
    expect(image.layers[1]?.cached).toBe(false);
    const ranges = seen.filter(({ url }) => isBig(url)).map(({ headers }) => headers.range);
    expect(ranges[0]).toBeUndefined();
    expect(ranges.slice(1).every((range) => /^bytes=[1-9]\d*-$/.test(range ?? ''))).toBe(true);
  });

  test('is begun again where the registry does no ranges', async () => {
    const { host } = await registry(cut(60_000, 2, false));
    const { store } = await pull(host);
    expect(await store.has(bench.bigLayer, true)).toBe(true);
  });

  test('again and again without bringing anything is given up', async () => {
    const { host } = await registry(cut(0, 99, true));
    const error = await failure(host);
    expect([error.code, error.attempts]).toEqual(['unreachable', 3]);
  });

  test('cleanly but too early is truncated', async () => {
    const { host } = await registry((request, response) => {
      if (!isBig(request.url)) return false;
      response.writeHead(200);
      response.end(
        readFileSync(bench.source.path(bench.bigLayer.digest)).subarray(0, request.headers.range ? 0 : 5000),
      );
      return true;
    });
    expect((await failure(host)).code).toBe('truncated');
  });

  test('by going silent is noticed', async () => {
    const { host } = await registry((request, response) => {
      if (!isBig(request.url)) return false;
      response.writeHead(200);
      response.write('x');
      return true;
    });
    const error = await failure(host, { attempts: 2, stallMs: 150 });
    expect(error.code).toBe('stalled');
    expect(error.message).toContain('150 ms');
  });

  test('because the user gave up leaves nothing half-written', async () => {
    const { host } = await registry((request, response) => {
      if (!isBig(request.url)) return false;
      response.writeHead(200);
      response.write(Buffer.alloc(1000));
      return true;
    });
    const store = bench.newStore();
    const stop = new AbortController();
    const pulling = pullImage(parseReference(`${host}/image`), {
      store,
      settings: QUICK,
      signal: stop.signal,
    });
    setTimeout(() => stop.abort(new Error('enough')), 80);
    await expect(pulling).rejects.toThrow('enough');
    expect(unfinished(store)).toEqual([]);
  });
});

describe('a redirect', () => {
  test('to another host is followed without the credentials', async () => {
    const elsewhere = await registry(() => false);
    const token = 'aGVsbG8=';
    const { host, seen } = await registry((request, response) => {
      if (request.headers.authorization !== `Basic ${Buffer.from('me:secret').toString('base64')}`)
        return refuse(response, 401, { 'WWW-Authenticate': 'Basic realm="r"' });
      if (!isBig(request.url)) return false;
      response
        .writeHead(307, { Location: `http://${elsewhere.host}${request.url}?signature=${token}` })
        .end();
      return true;
    });
    await pull(host, { credentials: async () => ({ username: 'me', password: 'secret' }) });
    expect(elsewhere.seen).toHaveLength(1);
    expect(elsewhere.seen[0]?.headers.authorization).toBeUndefined();
    expect(seen.some(({ headers }) => headers.authorization)).toBe(true);
  });

  test('to a host without TLS that is not loopback is refused', async () => {
    const { host } = await registry((request, response) => {
      if (!isBig(request.url)) return false;
      response.writeHead(302, { Location: 'http://192.0.2.1/blob' }).end();
      return true;
    });
    expect((await failure(host)).code).toBe('insecure');
  });

  test('in a circle ends', async () => {
    const { host } = await registry((request, response) => {
      if (!isBig(request.url)) return false;
      response.writeHead(302, { Location: request.url }).end();
      return true;
    });
    expect((await failure(host)).message).toContain('redirected more than 10 times');
  });
});

describe('logging in', () => {
  /** A registry with distribution’s token flow; `grant` decides. */
  const tokenRegistry = async (grant: (authorization: string | undefined, url: URL) => boolean) => {
    const server = await registry((request, response) => {
      const url = new URL(request.url ?? '', 'http://x');
      if (url.pathname === '/token') {
        if (!grant(request.headers.authorization, url)) return refuse(response, 401);
        response.writeHead(200).end(JSON.stringify({ access_token: 'the-token' }));
        return true;
      }
      if (request.headers.authorization === 'Bearer the-token') return false;
      const realm = `http://${request.headers.host}/token`;
      return refuse(response, 401, {
        'WWW-Authenticate': `Bearer realm="${realm}",service="fake, \\"quoted\\"",scope="repository:image:pull"`,
      });
    });
    return server;
  };

  test('by a token that anyone gets', async () => {
    const asked: URL[] = [];
    const { host } = await tokenRegistry((authorization, url) => {
      asked.push(url);
      return authorization === undefined;
    });
    await pull(host);
    expect(asked).toHaveLength(1);
    expect(asked[0]?.searchParams.get('scope')).toBe('repository:image:pull');
    expect(asked[0]?.searchParams.get('service')).toBe('fake, "quoted"');
  });

  test('with docker’s config.json, and a wrong password is never shown', async () => {
    const { host } = await tokenRegistry((authorization) => authorization === undefined);
    const error = await failure(host, { credentials: async () => ({ username: 'me', password: 'hunter2' }) });
    expect(error.code).toBe('denied');
    const shown = JSON.stringify([error.message, error.url, error.stack, String(error.cause)]);
    expect(shown).not.toContain('hunter2');
    expect(shown).not.toContain(Buffer.from('me:hunter2').toString('base64'));
  });
});

describe('mirrors', () => {
  test('are asked first, and the registry itself when they fail', async () => {
    const mirror = await registry((request, response) =>
      request.url?.includes('/blobs/') ? refuse(response, 500) : false,
    );
    const main = await registry(() => false);
    const { image } = await pull(main.host, { mirrors: { [main.host]: [`http://${mirror.host}`] } });
    expect(image.layers).toHaveLength(2);
    expect(mirror.seen.some(({ url }) => url.includes('/manifests/'))).toBe(true);
    expect(main.seen.some(({ url }) => url.includes('/manifests/'))).toBe(false);
  });
});

describe('a store', () => {
  test('fetches a blob that two pulls want at the same time once', async () => {
    const { host, seen } = await registry(() => false);
    const store = bench.newStore();
    const images = await Promise.all([1, 2, 3].map(() => pull(host, {}, store)));
    expect(images).toHaveLength(3);
    expect(seen.filter(({ url }) => isBig(url))).toHaveLength(1);
  });

  test('notices a blob that was cut short, and with verifyCached one that was changed', async () => {
    const { host } = await registry(() => false);
    const { store } = await pull(host);
    truncateSync(store.path(bench.bigLayer.digest), 10);
    expect((await pull(host, {}, store)).image.layers.map(({ cached }) => cached)).toEqual([true, false]);
    writeFileSync(store.path(bench.bigLayer.digest), Buffer.alloc(bench.bigLayer.size));
    const image = await pullImage(parseReference(`${host}/image`), {
      store,
      settings: QUICK,
      verifyCached: true,
    });
    expect(image.layers.map(({ cached }) => cached)).toEqual([true, false]);
  });

  test('drops a damaged blob when it is unpacked, so that the next pull is good', async () => {
    const { host } = await registry(() => false);
    const { store, image } = await pull(host);
    writeFileSync(store.path(bench.bigLayer.digest), Buffer.alloc(bench.bigLayer.size));
    const root = join(store.root, 'root');
    await expect(unpackTree(image, root, { store })).rejects.toMatchObject({ code: 'digest-mismatch' });
    const again = await pull(host, {}, store);
    await unpackTree(again.image, root, { store });
    expect(readdirSync(root).sort()).toEqual(['a', 'noise']);
  });

  test('sweeps away what a killed process left unfinished, and nothing of the living', async () => {
    const { store } = await pull((await registry(() => false)).host);
    const path = store.path(bench.bigLayer.digest);
    writeFileSync(`${path}.4194305.abcdef.partial`, 'x');
    writeFileSync(`${path}.${process.pid}.abcdef.partial`, 'x');
    expect(await store.sweep()).toEqual([`${bench.bigLayer.digest.slice(7)}.4194305.abcdef.partial`]);
  });
});
