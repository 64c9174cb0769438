import { constants, createZstdCompress, zstdCompressSync, zstdDecompressSync } from 'node:zlib';
import { expect, test } from 'vitest';
import { ZstdFrames } from '../../packages/image/src/unpack/zstdFrames.ts';

async function streamed(bytes: Buffer): Promise<Buffer> {
  // Without a size known in advance the frame has a window descriptor and no content size.
  const packer = createZstdCompress();
  packer.end(bytes);
  return Buffer.concat(await packer.toArray());
}

/** Where each piece ends in the whole. */
function ends(pieces: Buffer[]): number[] {
  let sum = 0;
  return pieces.map((piece) => {
    sum += piece.length;
    return sum;
  });
}

test('a zstd stream is cut at the ends of its frames, wherever its pieces happen to end', async () => {
  const noise = Buffer.from(Array.from({ length: 300_000 }, (_, i) => (i * i * 7 + (i >> 2)) & 0xff));
  const parts = [Buffer.from('a'), Buffer.alloc(0), Buffer.alloc(200_000, 'b'), noise];
  const frames = [
    ...parts.map((part) => zstdCompressSync(part)),
    ...parts.map((part) => zstdCompressSync(part, { params: { [constants.ZSTD_c_checksumFlag]: 1 } })),
    ...(await Promise.all(parts.map(streamed))),
  ];
  const skippable = Buffer.from('5f2a4d180400000028b52ffd', 'hex');
  const stream = Buffer.concat(frames.flatMap((frame) => [skippable, frame]));
  for (const size of [1, 2, 3, 5, 7, 64, 1000, 4096, stream.length]) {
    const cutter = new ZstdFrames();
    const found: Buffer[] = [];
    for (let at = 0; at < stream.length; at += size)
      for (const piece of cutter.cut(stream.subarray(at, at + size))) found.push(Buffer.from(piece));
    expect(Buffer.concat(found).equals(Buffer.concat(frames))).toBe(true);
    // No piece goes beyond a frame: joining pieces up to each frame’s length always hits a border.
    const borders = new Set(ends(found));
    for (const end of ends(frames)) expect(borders).toContain(end);
  }
  expect(zstdDecompressSync(frames[3] ?? Buffer.alloc(0)).equals(noise)).toBe(true);
});
