import { mkdirSync, mkdtempSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { digestOf, ImageError, removeTree, unpackLayer } from '@underdock/image';
import { expect, test } from 'vitest';
import { compress, type MadeEntry, makeTar } from '../fakes/imageMaker.ts';

/** How many mutated layers are tried: UNDERDOCK_FUZZ=100000 for a long run. */
const ROUNDS = Number(process.env.UNDERDOCK_FUZZ ?? 250);
const SEED = Number(process.env.UNDERDOCK_FUZZ_SEED ?? 1);

/** mulberry32: the same seed gives the same mutations. */
function randomFrom(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

const PIECES = [
  '..',
  '/',
  'a',
  '.wh.',
  '.wh..wh..opq',
  'link',
  '../outside',
  './',
  '\n',
  'é',
  'x'.repeat(120),
];
const TYPES = ['file', 'link', 'symlink', 'directory', 'fifo'] as const;

function someEntry(random: () => number): MadeEntry {
  const pick = <T>(from: readonly T[]): T => from[Math.floor(random() * from.length)] as T;
  const path = () => Array.from({ length: 1 + Math.floor(random() * 4) }, () => pick(PIECES)).join('/');
  const type = pick(TYPES);
  return {
    name: path(),
    type,
    ...(type === 'file' ? { content: 'x'.repeat(Math.floor(random() * 2000)) } : {}),
    ...(type === 'link' || type === 'symlink' ? { linkname: path() } : {}),
    ...(random() < 0.2 ? { pax: { path: path(), 'SCHILY.xattr.user.a': 'b' } } : {}),
  };
}

/** Flips bytes, sometimes mending the checksum of the block so that the header is believed. */
function mutate(tar: Buffer, random: () => number): Buffer {
  const bytes = Buffer.from(tar);
  for (let left = Math.floor(random() * 4); left > 0; left -= 1) {
    const block = 512 * Math.floor(random() * (bytes.length / 512));
    bytes[Math.min(block + Math.floor(random() * 512), bytes.length - 1)] = Math.floor(random() * 256);
    const header = bytes.subarray(block, block + 512);
    if (header.length === 512 && random() < 0.8) {
      const sum = header.reduce((all, byte, at) => all + (at >= 148 && at < 156 ? 32 : byte), 0);
      header.write(`${sum.toString(8).padStart(6, '0')}\0 `, 148, 'latin1');
    }
  }
  return random() < 0.1 ? bytes.subarray(0, Math.floor(random() * bytes.length)) : bytes;
}

test(`${ROUNDS} mutated layers never write outside the root, never hang, and fail with ImageError alone`, {
  timeout: 20_000 + ROUNDS * 200,
}, async () => {
  const random = randomFrom(SEED);
  const folder = mkdtempSync(join(tmpdir(), 'underdock-fuzz-'));
  try {
    let good = 0;
    for (let round = 0; round < ROUNDS; round += 1) {
      const place = join(folder, String(round));
      mkdirSync(join(place, 'root'), { recursive: true });
      mkdirSync(join(place, 'outside'));
      writeFileSync(join(place, 'outside/victim'), 'untouched');
      const entries = Array.from({ length: 1 + Math.floor(random() * 12) }, () => someEntry(random));
      const tar = mutate(await makeTar(entries), random);
      const blob = random() < 0.2 ? mutate(compress(tar, random() < 0.5 ? 'gzip' : 'zstd'), random) : tar;
      const path = join(place, 'blob');
      writeFileSync(path, blob);
      const layer = { path, index: 0, digest: digestOf(blob), diffId: digestOf(tar) };
      const failure = await unpackLayer(layer, join(place, 'root'), { style: { kind: 'flat' } }).then(
        () => undefined,
        (error: unknown) => error,
      );
      const where = `seed ${SEED}, round ${round}`;
      if (failure === undefined) good += 1;
      else expect(failure, where).toBeInstanceOf(ImageError);
      expect(readdirSync(place).sort(), where).toEqual(['blob', 'outside', 'root']);
      expect(readdirSync(join(place, 'outside')), where).toEqual(['victim']);
      expect(readFileSync(join(place, 'outside/victim'), 'utf8'), where).toBe('untouched');
      removeTree(place);
    }
    // Mutations that break everything would prove nothing.
    expect(good).toBeGreaterThan(ROUNDS / 50);
  } finally {
    removeTree(folder);
  }
});
