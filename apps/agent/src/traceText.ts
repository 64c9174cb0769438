import { unpacked } from './unpacked.ts';

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
