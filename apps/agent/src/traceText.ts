import { createGunzip } from 'node:zlib';

/** How reading a file ended when it did not end well: a gzip that is cut off is a cut trace, other faults break it. */
export interface ReadEnd {
  cut: boolean;
  fault?: string;
}

/** The bytes without their packing, gzip or none, whatever the file’s name. Faults of the packing end them and are left in `end`. */
export async function* unpackedBytes(
  source: AsyncIterable<Uint8Array>,
  end: ReadEnd,
): AsyncGenerator<Uint8Array> {
  try {
    yield* unpacked(source);
  } catch (cause) {
    const { code, message } = cause as NodeJS.ErrnoException;
    if (code === 'Z_BUF_ERROR') end.cut = true;
    else if (code?.startsWith('Z_')) end.fault = `the gzip file is damaged: ${message}`;
    else throw cause;
  }
}

async function* unpacked(source: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
  const chunks = source[Symbol.asyncIterator]();
  let first = await chunks.next();
  // Two bytes decide; a pipe may bring them one by one.
  while (!first.done && first.value.length < 2) {
    const more = await chunks.next();
    if (more.done) break;
    first = { done: false, value: Buffer.concat([first.value, more.value]) };
  }
  if (first.done) return;
  const rest = async function* () {
    yield first.value;
    for (let next = await chunks.next(); !next.done; next = await chunks.next()) yield next.value;
  };
  if (first.value[0] !== 0x1f || first.value[1] !== 0x8b) return yield* rest();
  const gunzip = createGunzip();
  const feeding = feed(rest(), gunzip);
  yield* gunzip;
  await feeding;
}

async function feed(
  chunks: AsyncIterable<Uint8Array>,
  gunzip: ReturnType<typeof createGunzip>,
): Promise<void> {
  try {
    for await (const chunk of chunks) {
      if (gunzip.destroyed) return;
      if (!gunzip.write(chunk))
        await new Promise<void>((resolve) => gunzip.once('drain', resolve).once('close', resolve));
    }
    gunzip.end();
  } catch (error) {
    gunzip.destroy(error as Error);
  }
}
