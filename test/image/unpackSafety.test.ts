import {
  existsSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { constants, gzipSync, zstdCompressSync } from 'node:zlib';
import {
  digestOf,
  ImageError,
  type KernelCalls,
  removeTree,
  type UnpackOptions,
  unpackLayer,
} from '@underdock/image';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { compress, type MadeEntry, makeTar } from '../fakes/imageMaker.ts';

let folder: string;
let root: string;
let count = 0;

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'underdock-safety-'));
});
beforeEach(() => {
  count += 1;
  const place = join(folder, `case-${count}`);
  root = join(place, 'root');
  mkdirSync(root, { recursive: true });
  mkdirSync(join(place, 'outside'));
  writeFileSync(join(place, 'outside/victim'), 'untouched');
});
afterAll(() => removeTree(folder));

async function unpackBytes(bytes: Uint8Array, options: Partial<UnpackOptions> = {}, tar?: Uint8Array) {
  const path = join(folder, `blob-${count}`);
  writeFileSync(path, bytes);
  const layer = { path, index: 0, digest: digestOf(bytes), diffId: digestOf(tar ?? bytes) };
  return unpackLayer(layer, root, { style: { kind: 'flat' }, ...options });
}

async function unpack(entries: MadeEntry[], options: Partial<UnpackOptions> = {}) {
  return unpackBytes(await makeTar(entries), options);
}

/** Nothing but the root may have been touched. */
function expectContained() {
  const outside = join(root, '../outside');
  expect(readdirSync(outside)).toEqual(['victim']);
  expect(readFileSync(join(outside, 'victim'), 'utf8')).toBe('untouched');
  expect(readdirSync(join(root, '..')).sort()).toEqual(['outside', 'root']);
}

async function refused(entries: MadeEntry[], options: Partial<UnpackOptions> = {}): Promise<ImageError> {
  const error = await unpack(entries, options).then(
    () => undefined,
    (reason: unknown) => reason,
  );
  expectContained();
  if (!(error instanceof ImageError)) throw new Error(`no ImageError but ${String(error)}`);
  return error;
}

describe('a layer that tries to leave its root', () => {
  test.each<[string, MadeEntry[]]>([
    ['by ..', [{ name: '../outside/victim', content: 'x' }]],
    ['by .. inside a path', [{ name: 'a/../../outside/victim', content: 'x' }]],
    ['by .. after an absolute start', [{ name: '/../outside/victim', content: 'x' }]],
    ['by a hard link to ..', [{ name: 'l', type: 'link', linkname: '../outside/victim' }]],
    ['by replacing the root', [{ name: './', type: 'symlink', linkname: '../outside' }]],
    ['by a whiteout of ..', [{ name: 'a/.wh...', content: '' }]],
    ['by a whiteout of .', [{ name: 'a/.wh..', content: '' }]],
    ['by a whiteout without a name', [{ name: 'a/.wh.', content: '' }]],
    ['by a NUL in a PAX path', [{ name: 'x', content: 'x', pax: { path: 'a\0b' } }]],
    [
      'by a link circle',
      [
        { name: 'a', type: 'symlink', linkname: 'b' },
        { name: 'b', type: 'symlink', linkname: 'a' },
        { name: 'a/x', content: 'x' },
      ],
    ],
  ])('%s is refused', async (_, entries) => {
    const error = await refused(entries);
    expect(error.code).toBe('unsafe-entry');
    expect(error.message).toContain('do not use this image');
  });

  test('by an absolute path lands inside', async () => {
    await unpack([{ name: '/etc/passwd', content: 'inside' }]);
    expect(readFileSync(join(root, 'etc/passwd'), 'utf8')).toBe('inside');
    expectContained();
  });

  test.each([
    ['a relative link', '../outside'],
    ['a relative link that climbs far', `${'../'.repeat(50)}outside`],
    ['a link to an absolute path', '/outside'],
  ])('by %s and a file through it lands inside', async (_, linkname) => {
    await unpack([
      { name: 'out', type: 'symlink', linkname },
      { name: 'out/victim', content: 'inside' },
      { name: 'out/.wh.nothing', content: '' },
      { name: 'outside/made', content: 'inside too' },
    ]);
    expect(readdirSync(join(root, 'outside')).sort()).toEqual(['made', 'victim']);
    expectContained();
  });

  test('by a link to the host’s absolute path finds nothing of the host', async () => {
    const outside = join(root, '../outside');
    await unpack([
      { name: 'out', type: 'symlink', linkname: outside },
      { name: 'out/victim', content: 'inside' },
    ]);
    expect(readFileSync(join(root, outside, 'victim'), 'utf8')).toBe('inside');
    expectContained();
  });

  test('by writing through a link that is the file itself replaces the link', async () => {
    symlinkSync('../outside/victim', join(root, 'file'));
    await unpack([
      { name: 'file', content: 'inside' },
      { name: 'dir', type: 'symlink', linkname: '../outside' },
      { name: 'dir', type: 'directory' },
      { name: 'dir/victim', content: 'inside' },
    ]);
    expect(lstatSync(join(root, 'file')).isFile()).toBe(true);
    expect(readFileSync(join(root, 'dir/victim'), 'utf8')).toBe('inside');
    expectContained();
  });

  test('by a hard link to a link to the outside links the link', async () => {
    await unpack([
      { name: 'out', type: 'symlink', linkname: '../outside/victim' },
      { name: 'hard', type: 'link', linkname: 'out' },
      { name: 'hard', content: 'inside' },
    ]);
    expect(readlinkSync(join(root, 'out'))).toBe('../outside/victim');
    expectContained();
  });

  test('by a hard link through a link to the outside finds nothing', async () => {
    const error = await refused([
      { name: 'out', type: 'symlink', linkname: '../outside' },
      { name: 'hard', type: 'link', linkname: 'out/victim' },
    ]);
    expect(error.code).toBe('corrupt-layer');
  });

  test('by deleting through a link deletes inside only', async () => {
    await unpack([
      { name: 'out', type: 'symlink', linkname: '../outside' },
      { name: 'out/.wh.victim', content: '' },
      { name: 'out/.wh..wh..opq', content: '' },
    ]);
    expectContained();
  });

  test('by swapping a folder for a link after it was used is not followed from memory', async () => {
    await unpack([
      { name: 'd/a', content: '1' },
      { name: 'd', type: 'symlink', linkname: '../outside' },
      { name: 'd/victim', content: 'inside' },
    ]);
    expect(existsSync(join(root, 'outside/victim'))).toBe(true);
    expectContained();
  });
});

describe('devices', () => {
  const devices: MadeEntry[] = [
    { name: 'disk', type: 'block-device', devmajor: 8, devminor: 0 },
    { name: 'null', type: 'character-device', devmajor: 1, devminor: 3 },
    { name: 'pipe', type: 'fifo' },
  ];
  test('that can’t be made are left out and reported', async () => {
    const refusing: KernelCalls = {
      mknod() {
        throw Object.assign(new Error('EPERM: mknod'), { code: 'EPERM' });
      },
    };
    const { skipped } = await unpack(devices, { calls: refusing });
    expect(skipped.map(({ what, why, count: n, examples }) => [what, why, n, examples])).toEqual([
      ['device', 'EPERM', 2, ['disk', 'null']],
      ['fifo', 'EPERM', 1, ['pipe']],
    ]);
    expect(readdirSync(root)).toEqual([]);
  });
  test('that are not wanted are left out and reported', async () => {
    const made: string[] = [];
    const calls: KernelCalls = { mknod: (path) => void made.push(path.toString()) };
    const { skipped } = await unpack(devices.slice(0, 2), { calls, devices: false });
    expect([made, skipped[0]?.count]).toEqual([[], 2]);
  });
});

describe('limits', () => {
  test('stop a layer of a million entries', async () => {
    const one = (await makeTar([{ name: 'same', content: '' }])).subarray(0, 512);
    const thousand = gzipSync(Buffer.concat(Array.from({ length: 1000 }, () => one)));
    const million = Buffer.concat(Array.from({ length: 1000 }, () => thousand));
    await expect(unpackBytes(million, { limits: { entries: 2000 } })).rejects.toMatchObject({
      code: 'limit-exceeded',
      message: expect.stringContaining('2000 entries'),
    });
  });

  test('stop a bomb by its ratio, long before its end', async () => {
    const bomb = gzipSync(
      Buffer.concat([(await makeTar([{ name: 'a' }])).subarray(0, 512), Buffer.alloc(1 << 25)]),
      {
        level: constants.Z_BEST_COMPRESSION,
      },
    );
    await expect(
      unpackBytes(bomb, { limits: { ratioFreeBytes: 1 << 20 } }, Buffer.alloc(1)),
    ).rejects.toMatchObject({ code: 'limit-exceeded', message: expect.stringContaining('400 times') });
  });

  test('stop too many bytes', async () => {
    await expect(
      unpack([{ name: 'a', content: Buffer.alloc(10_000) }], { limits: { bytes: 5000 } }),
    ).rejects.toMatchObject({ code: 'limit-exceeded' });
  });

  test('stop paths that are too long or too deep', async () => {
    const deep = `${'d/'.repeat(300)}f`;
    await expect(unpack([{ name: deep, content: '' }])).rejects.toMatchObject({ code: 'limit-exceeded' });
    const long = `${'x'.repeat(100)}/`.repeat(50);
    await expect(unpack([{ name: `${long}f`, content: '' }])).rejects.toMatchObject({
      code: 'limit-exceeded',
    });
    expect(readdirSync(root)).toEqual([]);
  });
});

describe('a damaged layer', () => {
  const entries: MadeEntry[] = [
    { name: 'a', content: 'a'.repeat(5000) },
    { name: 'b', content: 'b'.repeat(5000) },
  ];
  test.each(['gzip', 'zstd'] as const)('of %s that is cut off is corrupt', async (kind) => {
    const tar = await makeTar(entries);
    const cut = compress(tar, kind).subarray(0, -20);
    await expect(unpackBytes(cut, {}, tar)).rejects.toMatchObject({ code: 'corrupt-layer' });
  });
  test.each(['gzip', 'zstd'] as const)('of %s with a wrong byte is corrupt', async (kind) => {
    const tar = await makeTar(entries);
    const bad = compress(tar, kind);
    bad.fill(0xaa, bad.length >> 1, (bad.length >> 1) + 8);
    const error = await unpackBytes(bad, {}, tar).catch((reason: unknown) => reason);
    expect(['corrupt-layer', 'digest-mismatch']).toContain((error as ImageError).code);
  });
  test('that is no tar at all is corrupt', async () => {
    await expect(unpackBytes(Buffer.from('<html>'.repeat(500)))).rejects.toMatchObject({
      code: 'corrupt-layer',
    });
  });
  test('that ends within a file is corrupt', async () => {
    const tar = await makeTar(entries);
    await expect(unpackBytes(tar.subarray(0, 2000))).rejects.toMatchObject({ code: 'corrupt-layer' });
  });
  test.each([
    ['GNU', 'S'],
    ['multi-volume', 'M'],
  ])('with a %s entry that nobody can unpack says so', async (_, flag) => {
    const tar = await makeTar([{ name: 'sparse', content: 'x' }]);
    tar.write(flag, 156, 'latin1');
    const sum = tar.subarray(0, 512).reduce((all, byte, at) => all + (at >= 148 && at < 156 ? 32 : byte), 0);
    tar.write(`${sum.toString(8).padStart(6, '0')}\0 `, 148, 'latin1');
    await expect(unpackBytes(tar)).rejects.toMatchObject({ code: 'unsupported-entry' });
  });
  test('with a PAX sparse file says so', async () => {
    await expect(
      unpack([{ name: 's', content: 'x', pax: { 'GNU.sparse.major': '1' } }]),
    ).rejects.toMatchObject({ code: 'unsupported-entry' });
  });
  test('may be empty', async () => {
    expect(await unpackBytes(Buffer.alloc(1024))).toMatchObject({ entries: 0, files: 0 });
  });
});

describe('compressed layers', () => {
  const entries: MadeEntry[] = Array.from({ length: 300 }, (_, index) => ({
    name: `f${index}`,
    content: `${index}`,
  }));
  test('of several gzip members, as eStargz has them, are read to the end', async () => {
    const tar = await makeTar(entries);
    const half = 512 * 101;
    const members = Buffer.concat([gzipSync(tar.subarray(0, half)), gzipSync(tar.subarray(half))]);
    expect(await unpackBytes(members, {}, tar)).toMatchObject({ files: 300 });
  });
  test('of several zstd frames with skippable ones between, as zstd:chunked has them, are read to the end', async () => {
    const tar = await makeTar(entries);
    const half = 512 * 101;
    const skippable = Buffer.from('502a4d1803000000616263', 'hex');
    const checked = (part: Buffer) =>
      zstdCompressSync(part, { params: { [constants.ZSTD_c_checksumFlag]: 1 } });
    const frames = Buffer.concat([
      skippable,
      compress(tar.subarray(0, half), 'zstd'),
      skippable,
      checked(tar.subarray(half, half * 2)),
      checked(Buffer.alloc(0)),
      compress(tar.subarray(half * 2), 'zstd'),
      skippable,
    ]);
    expect(await unpackBytes(frames, {}, tar)).toMatchObject({ files: 300 });
  });
});

describe('strange names', () => {
  test('with line breaks, quotes and bytes that are no UTF-8 are kept as they are', async () => {
    await unpack([
      { name: 'new\nline', content: '1' },
      { name: `quo'te"`, content: '2' },
      { name: 'é', content: '3' },
    ]);
    expect(readdirSync(root).sort()).toEqual(['new\nline', `quo'te"`, 'é'].sort());
  });
  test('do not cut the entry short: what is below a file is an error', async () => {
    await expect(
      unpack([
        { name: 'file', content: 'x' },
        { name: 'file/below', content: 'y' },
      ]),
    ).rejects.toMatchObject({ code: 'corrupt-layer' });
  });
});

describe('unpacking many entries', () => {
  test('lets the event loop turn, so that a server stays responsive', async () => {
    const entries = Array.from(
      { length: 4000 },
      (_, index): MadeEntry => ({ name: `d/${index}`, content: 'x' }),
    );
    const tar = await makeTar(entries);
    let turns = 0;
    const clock = setInterval(() => {
      turns += 1;
    }, 1);
    const started = performance.now();
    await unpackBytes(tar);
    clearInterval(clock);
    // On a busy machine each turn takes longer, but there are turns.
    expect((performance.now() - started) / turns).toBeLessThan(100);
    expect(turns).toBeGreaterThan(5);
    expect(statSync(join(root, 'd/3999')).size).toBe(1);
  });

  test('stops at once when it is aborted', async () => {
    const stop = new AbortController();
    const entries = Array.from(
      { length: 5000 },
      (_, index): MadeEntry => ({ name: `d/${index}`, content: 'x' }),
    );
    const unpacking = unpack(entries, { signal: stop.signal });
    setTimeout(() => stop.abort(new Error('enough')), 30);
    await expect(unpacking).rejects.toThrow('enough');
  });
});
