import { linkSync, mkdirSync, rmSync } from 'node:fs';
import { open } from 'node:fs/promises';
import { join } from 'node:path';
import { MAX_TRACE_BYTES } from '../run/store.ts';
import { type ReadEnd, unpackedBytes } from '../traceText.ts';
import { LibraryError, writeError } from './error.ts';
import { factsOf, type TraceFacts } from './traceFacts.ts';

/** A file that comes in, packed or not, may have so many bytes. */
export const MOST_IMPORTED_BYTES = 256 * 1024 * 1024;

/** What an import needs. */
export interface ImportOptions {
  /** The folder of the traces. */
  folder: string;
  /** Names the file while it is looked through. */
  unique: string;
  mostBytes?: number;
  mostUnpacked?: number;
}

/**
 * Takes a trace from outside: looked through line by line while it is written aside, and only then given its place, never over
 * another. Cut ones are taken as they are. Resolves with its id. Throws LibraryError `broken-trace`, `too-large`, `already-there`,
 * `disk-full`, `cannot-write`.
 */
export async function importTrace(
  chunks: AsyncIterable<Uint8Array>,
  options: ImportOptions,
): Promise<TraceFacts & { id: string }> {
  const { folder, unique, mostUnpacked = MAX_TRACE_BYTES } = options;
  const aside = join(folder, `.import-${unique}`);
  try {
    mkdirSync(folder, { recursive: true, mode: 0o700 });
    const end: ReadEnd = { cut: false };
    const packed = limited(chunks, options.mostBytes ?? MOST_IMPORTED_BYTES, 'the file');
    const plain = limited(unpackedBytes(packed, end), mostUnpacked, 'the trace, unpacked,');
    const facts = await factsOf(copied(plain, aside));
    return { ...facts, id: place(facts, end, aside, folder) };
  } catch (cause) {
    throw cause instanceof LibraryError ? cause : writeError('the trace', folder, cause);
  } finally {
    rmSync(aside, { force: true });
  }
}

function place(facts: TraceFacts, end: ReadEnd, aside: string, folder: string): string {
  const fault = end.fault ?? (facts.state === 'broken' ? (facts.fault ?? 'it has no header') : undefined);
  if (fault !== undefined || !facts.header) {
    throw new LibraryError('broken-trace', `this is no whole trace: ${fault ?? 'it has no header'}`, {
      remedy: 'underdock verify FILE tells every fault',
    });
  }
  const { id, title } = facts.header;
  try {
    // A link, and no rename: that would take the place of what is there.
    linkSync(aside, join(folder, `${id}.chain`));
  } catch (cause) {
    if ((cause as NodeJS.ErrnoException).code !== 'EEXIST') throw cause;
    throw new LibraryError('already-there', `this trace is in the library already: ${title} (${id})`, {
      remedy: 'nothing was changed; delete that one first if you want this file in its place',
      cause,
    });
  }
  return id;
}

/** Writes what passes through; ends with all of it on the disk. */
async function* copied(chunks: AsyncIterable<Uint8Array>, file: string): AsyncGenerator<string> {
  const out = await open(file, 'wx', 0o600);
  const decoder = new TextDecoder();
  try {
    for await (const chunk of chunks) {
      for (let done = 0; done < chunk.length; ) done += (await out.write(chunk, done)).bytesWritten;
      yield decoder.decode(chunk, { stream: true });
    }
    yield decoder.decode();
    await out.sync();
  } finally {
    await out.close();
  }
}

async function* limited(
  chunks: AsyncIterable<Uint8Array>,
  most: number,
  what: string,
): AsyncGenerator<Uint8Array> {
  let bytes = 0;
  for await (const chunk of chunks) {
    bytes += chunk.length;
    if (bytes > most) {
      throw new LibraryError('too-large', `${what} is larger than ${most / 1024 / 1024} MiB`, {
        remedy: 'give a smaller one: a recording of one command, say',
      });
    }
    yield chunk;
  }
}
