import {
  closeSync,
  createReadStream,
  createWriteStream,
  openSync,
  type WriteStream,
  writeSync,
} from 'node:fs';
import { finished } from 'node:stream/promises';
import { createGzip, type Gzip, constants as zlib } from 'node:zlib';
import { encodeLine, type TraceEvent, type TraceHeader } from '@underdock/trace';
import { AgentError } from '../error.ts';
import { type ReadEnd, unpackedBytes } from '../traceText.ts';

/** Writes a trace to a file of the user's choice while it grows; gzip if its name ends in .gz. */
export interface Recording {
  write(items: readonly (TraceHeader | TraceEvent)[]): void;
  /** Resolves with what went wrong, if anything did. */
  close(): Promise<AgentError | undefined>;
}

/** Opens (and empties) the file. Throws AgentError `bad-record`. */
export function record(file: string): Recording {
  let fd: number;
  try {
    fd = openSync(file, 'w', 0o600);
  } catch (cause) {
    throw recordError(file, cause);
  }
  return file.endsWith('.gz') ? new ZippedRecording(file, fd) : new PlainRecording(file, fd);
}

class PlainRecording implements Recording {
  readonly #file: string;
  readonly #fd: number;
  #error: AgentError | undefined;

  constructor(file: string, fd: number) {
    this.#file = file;
    this.#fd = fd;
  }

  write(items: readonly (TraceHeader | TraceEvent)[]): void {
    if (this.#error) return;
    try {
      const bytes = Buffer.from(items.map(encodeLine).join(''));
      for (let done = 0; done < bytes.length; ) done += writeSync(this.#fd, bytes, done);
    } catch (cause) {
      this.#error = recordError(this.#file, cause);
    }
  }

  async close(): Promise<AgentError | undefined> {
    closeSync(this.#fd);
    return this.#error;
  }
}

class ZippedRecording implements Recording {
  readonly #gzip: Gzip = createGzip();
  readonly #out: WriteStream;
  #error: AgentError | undefined;

  constructor(file: string, fd: number) {
    this.#out = createWriteStream(file, { fd });
    this.#out.on('error', (cause) => {
      this.#error ??= recordError(file, cause);
    });
    this.#gzip.pipe(this.#out);
  }

  write(items: readonly (TraceHeader | TraceEvent)[]): void {
    if (this.#error || items.length === 0) return;
    this.#gzip.write(items.map(encodeLine).join(''));
    // What has been written is readable even if this process dies now.
    this.#gzip.flush(zlib.Z_SYNC_FLUSH);
  }

  async close(): Promise<AgentError | undefined> {
    if (this.#error) return this.#error;
    this.#gzip.end();
    await finished(this.#out).catch(() => {});
    return this.#error;
  }
}

function recordError(file: string, cause: unknown): AgentError {
  const code = (cause as NodeJS.ErrnoException).code;
  const remedy = code === 'ENOSPC' ? 'make room on that disk' : 'choose a file in a folder of your own';
  return new AgentError('bad-record', `--record ${file}: it can't be written (${code})`, { remedy, cause });
}

/**
 * The text of a trace file, plain or gzip whatever its name, `-` for standard input. Faults of the packing end the text and
 * are left in `end`. Throws AgentError `no-file` when there is nothing to read.
 */
export function readTraceText(file: string, end: ReadEnd): AsyncGenerator<string> {
  const source = file === '-' ? process.stdin : createReadStream(file);
  return traceTextOf(source as AsyncIterable<Buffer>, file, end);
}

/** The same of bytes that come from anywhere; `name` is what errors call them. An AgentError of theirs is passed on. */
export async function* traceTextOf(
  source: AsyncIterable<Buffer>,
  name: string,
  end: ReadEnd,
): AsyncGenerator<string> {
  const decoder = new TextDecoder();
  try {
    for await (const chunk of unpackedBytes(source, end)) yield decoder.decode(chunk, { stream: true });
    yield decoder.decode();
  } catch (cause) {
    if (cause instanceof AgentError) throw cause;
    const { code, message } = cause as NodeJS.ErrnoException;
    throw new AgentError('no-file', `${name} can't be read (${code ?? message})`, {
      remedy: 'give the path of a .chain or .chain.gz file, or - for standard input',
      exitCode: 1,
      cause,
    });
  }
}
