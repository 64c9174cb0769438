import { createGunzip } from 'node:zlib';

/**
 * The bytes without their packing, which two bytes tell (RFC 1952), whatever the file’s name; several packed parts one after
 * the other are one. Throws zlib’s errors (codes `Z_…`) where the packing is damaged, after all that could be unpacked.
 */
export async function* unpacked(source: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
  const chunks = source[Symbol.asyncIterator]();
  const began: Uint8Array[] = [];
  let known = 0;
  // Two bytes decide; a pipe may bring them one by one.
  for (
    let next = await chunks.next();
    !next.done;
    next = known < 2 ? await chunks.next() : { done: true, value: 0 }
  ) {
    began.push(next.value);
    known += next.value.length;
  }
  const first = Buffer.concat(began);
  const all = async function* () {
    yield first;
    yield* { [Symbol.asyncIterator]: () => chunks };
  };
  yield* first[0] === 0x1f && first[1] === 0x8b ? gunzipped(all()) : all();
}

/** What a piece becomes is lost with it where it turns out to be damaged: so pieces (bytes) are small. */
const PIECE = 4096;

async function* gunzipped(chunks: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
  const gunzip = createGunzip();
  const out: Uint8Array[] = [];
  let fault: Error | undefined;
  let wake = () => {};
  gunzip.on('data', (bytes: Uint8Array) => out.push(bytes));
  gunzip.on('error', (error) => {
    fault = error;
  });
  // Behind the last packed part a stream closes without having taken what else it was given.
  gunzip.on('close', () => wake());
  const settled = (act: (done: () => void) => void) =>
    new Promise<void>((resolve) => {
      wake = resolve;
      if (gunzip.closed) resolve();
      else act(resolve);
    });
  try {
    for await (const piece of pieces(chunks)) {
      await settled((done) => gunzip.write(piece, done));
      yield* out.splice(0);
      if (fault || gunzip.closed) break;
    }
    if (!fault) await settled((done) => gunzip.once('end', done).end());
    yield* out.splice(0);
    if (fault) throw fault;
  } finally {
    gunzip.destroy();
  }
}

async function* pieces(chunks: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
  for await (const chunk of chunks) {
    for (let at = 0; at < chunk.length; at += PIECE) yield chunk.subarray(at, at + PIECE);
  }
}
