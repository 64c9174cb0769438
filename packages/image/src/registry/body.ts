import { ImageError } from '../error.ts';
import type { Answer } from './exchange.ts';

/** Reads a small body whole. Throws ImageError `too-large` past `most` bytes, before it has read more. */
export async function readBody(answer: Answer, most: number, what: string): Promise<Uint8Array> {
  const details = { method: answer.method, url: answer.url, status: answer.status };
  const tooLarge = () =>
    new ImageError(
      'too-large',
      `${what} at ${answer.url} is larger than ${most} bytes; this is no ordinary image, check its name`,
      details,
    );
  const announced = Number(answer.headers.get('content-length') ?? 0);
  if (announced > most) {
    await answer.discard();
    throw tooLarge();
  }
  const chunks: Uint8Array[] = [];
  let bytes = 0;
  for await (const chunk of answer.chunks()) {
    bytes += chunk.byteLength;
    if (bytes > most) throw tooLarge();
    chunks.push(chunk);
  }
  return Buffer.concat(chunks, bytes);
}
