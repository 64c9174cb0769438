import { closeSync, createReadStream, openSync, readSync } from 'node:fs';
import { pipeline, type Readable } from 'node:stream';
import { createGunzip, createZstdDecompress } from 'node:zlib';
import type { Compression } from '../mediaTypes.ts';
import { ZstdFrames } from './zstdFrames.ts';

// Large pieces: each crosses from the thread pool once.
const PIECE = 512 * 1024;

/** How a file is compressed, by its magic number (RFC 1952, RFC 8878); media types are known to lie. */
export function sniffCompression(path: string): Compression {
  const head = Buffer.alloc(4);
  const fd = openSync(path, 'r');
  try {
    readSync(fd, head, 0, 4, 0);
  } finally {
    closeSync(fd);
  }
  if (head[0] === 0x1f && head[1] === 0x8b) return 'gzip';
  const magic = head.readUInt32LE(0);
  // A skippable frame may come first.
  return magic === 0xfd2fb528 || (magic >= 0x184d2a50 && magic <= 0x184d2a5f) ? 'zstd' : 'none';
}

/** A file’s uncompressed content; `onCompressed` sees the bytes as they lie in the file. Decompresses off the main thread. */
export function readDecompressed(
  path: string,
  onCompressed: (chunk: Uint8Array) => void,
  signal?: AbortSignal,
): Readable {
  const file = createReadStream(path, { highWaterMark: PIECE, ...(signal ? { signal } : {}) });
  file.on('data', (chunk) => onCompressed(chunk as Buffer));
  file.pause();
  const compression = sniffCompression(path);
  if (compression === 'none') return file;
  if (compression === 'gzip') return pipeline(file, createGunzip({ chunkSize: PIECE }), () => {});
  return pipeline(file, frames, createZstdDecompress({ chunkSize: PIECE }), () => {});
}

async function* frames(source: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array, void> {
  const cutter = new ZstdFrames();
  for await (const chunk of source) yield* cutter.cut(chunk);
}
