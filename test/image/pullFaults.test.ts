import { mkdtempSync, readdirSync, readFileSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import {
  type Descriptor,
  ImageError,
  type ImageErrorCode,
  parseReference,
  pullImage,
  type RegistrySettings,
  Store,
  unpackTree,
} from '@underdock/image';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { type Misbehaviour, refuse, startBadRegistry } from '../fakes/badRegistry.ts';
import { makeImage, makeTar } from '../fakes/imageMaker.ts';

const QUICK: Partial<RegistrySettings> = { attempts: 3, backoffMs: 1, longestBackoffMs: 5, stallMs: 300 };

let folder: string;
let source: Store;
let target: Descriptor;
let bigLayer: Descriptor;
const open: { close(): Promise<void> }[] = [];

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'underdock-faults-'));
  source = new Store(join(folder, 'source'));
  // Incompressible, so that the blob is as long as the file.
  const noise = Buffer.from(Array.from({ length: 400_000 }, (_, i) => (i * i * 31 + (i >> 3)) & 0xff));
  target = await makeImage(source, 'image', 'latest', [
    { tar: await makeTar([{ name: 'a', content: 'a' }]) },
    { tar: await makeTar([{ name: 'noise', content: noise }]), compression: 'none' },
  ]);
  const manifest = JSON.parse(readFileSync(source.path(target.digest), 'utf8'));
  bigLayer = manifest.layers[1];
});

afterEach(async () => {
  for (const server of open.splice(0)) await server.close();
});

afterAll(() => rmSync(folder, { recursive: true }));

async function registry(misbehave: Misbehaviour) {
  const server = await startBadRegistry(source, misbehave);
  open.push(server);
  return server;
}

function newStore(): Store {
  return new Store(mkdtempSync(join(folder, 'store-')));
}

/** Names of all files in a store. */
function filesOf(store: Store): string[] {
  return readdirSync(store.root, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => entry.name);
}

async function pull(
  host: string,
  settings: Partial<RegistrySettings> = {},
  store = newStore(),
  name = 'image',
) {
  const image = await pullImage(parseReference(`${host}/${name}`), {
    store,
    settings: { ...QUICK, ...settings },
  });
  return { store, image };
}

async function failure(host: string, settings: Partial<RegistrySettings> = {}, name = 'image') {
  const store = newStore();
  const error = await pull(host, settings, store, name).then(
    () => undefined,
    (reason: unknown) => reason,
  );
  expect(filesOf(store).filter((file) => file.endsWith('.partial'))).toEqual([]);
  if (!(error instanceof ImageError)) throw new Error(`no ImageError but ${String(error)}`);
  return error;
}

const isBig = (url = '') => url.endsWith(bigLayer.digest);

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
    open.pop();
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
      const good = readFileSync(source.path(wanted().digest));
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
    const { host } = await registry(swap(() => bigLayer, flip));
    expect((await failure(host)).code).toBe('digest-mismatch');
  });

  test('is refused when one bit of the manifest is wrong', async () => {
    const { host } = await registry((request, response) => {
      if (request.method === 'HEAD') return false;
      return swap(() => target, flip)(request, response, () => {});
    });
    expect((await failure(host)).code).toBe('digest-mismatch');
  });

  test('is refused when its announced length is not the manifest’s', async () => {
    const { host } = await registry(
      swap(
        () => bigLayer,
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
    const store = new Store(mkdtempSync(join(folder, 'lie-')));
    const honest = await makeTar([{ name: 'a', content: 'a' }]);
    await makeImage(store, 'image', 'latest', [{ tar: honest }]);
    const { image } = await pull((await registry(() => false)).host);
    const lied = image.layers.map((layer) => ({ ...layer, diffId: `sha256:${'0'.repeat(64)}` }));
    const root = join(folder, 'lied-root');
    await expect(unpackTree({ layers: lied }, root, { store: source })).rejects.toMatchObject({
      code: 'digest-mismatch',
    });
    expect(readdirSync(folder).filter((name) => name.startsWith('lied-root'))).toEqual([]);
  });
});

describe('a connection that breaks', () => {
  /** Cuts the connection after `bytes` of the big layer, the first `times` times. */
  const cut = (bytes: number, times: number, ranges: boolean): Misbehaviour => {
    let left = times;
    return (request, response) => {
      if (!isBig(request.url)) return false;
      if (!ranges) delete request.headers.range;
      if (left === 0) return false;
      left -= 1;
      const good = readFileSync(source.path(bigLayer.digest));
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
    expect(await store.has(bigLayer, true)).toBe(true);
    expect(image.layers[1]?.cached).toBe(false);
    const ranges = seen.filter(({ url }) => isBig(url)).map(({ headers }) => headers.range);
    expect(ranges[0]).toBeUndefined();
    expect(ranges.slice(1).every((range) => /^bytes=[1-9]\d*-$/.test(range ?? ''))).toBe(true);
  });

  test('is begun again where the registry does no ranges', async () => {
    const { host } = await registry(cut(60_000, 2, false));
    const { store } = await pull(host);
    expect(await store.has(bigLayer, true)).toBe(true);
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
      response.end(readFileSync(source.path(bigLayer.digest)).subarray(0, request.headers.range ? 0 : 5000));
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
    const store = newStore();
    const stop = new AbortController();
    const pulling = pullImage(parseReference(`${host}/image`), {
      store,
      settings: QUICK,
      signal: stop.signal,
    });
    setTimeout(() => stop.abort(new Error('enough')), 80);
    await expect(pulling).rejects.toThrow('enough');
    expect(filesOf(store).filter((name) => name.endsWith('.partial'))).toEqual([]);
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
    const store = newStore();
    const images = await Promise.all([1, 2, 3].map(() => pull(host, {}, store)));
    expect(images).toHaveLength(3);
    expect(seen.filter(({ url }) => isBig(url))).toHaveLength(1);
  });

  test('notices a blob that was cut short, and with verifyCached one that was changed', async () => {
    const { host } = await registry(() => false);
    const { store } = await pull(host);
    truncateSync(store.path(bigLayer.digest), 10);
    expect((await pull(host, {}, store)).image.layers.map(({ cached }) => cached)).toEqual([true, false]);
    writeFileSync(store.path(bigLayer.digest), Buffer.alloc(bigLayer.size));
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
    writeFileSync(store.path(bigLayer.digest), Buffer.alloc(bigLayer.size));
    const root = join(store.root, 'root');
    await expect(unpackTree(image, root, { store })).rejects.toMatchObject({ code: 'digest-mismatch' });
    const again = await pull(host, {}, store);
    await unpackTree(again.image, root, { store });
    expect(readdirSync(root).sort()).toEqual(['a', 'noise']);
  });

  test('sweeps away what a killed process left unfinished, and nothing of the living', async () => {
    const { store } = await pull((await registry(() => false)).host);
    const path = store.path(bigLayer.digest);
    writeFileSync(`${path}.4194305.abcdef.partial`, 'x');
    writeFileSync(`${path}.${process.pid}.abcdef.partial`, 'x');
    expect(await store.sweep()).toEqual([`${bigLayer.digest.slice(7)}.4194305.abcdef.partial`]);
  });
});
