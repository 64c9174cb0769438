import { closeSync, fstatSync, ftruncateSync, mkdirSync, openSync, rmSync, writeSync } from 'node:fs';
import { open, readdir, stat } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { encodeLine, headerSchema, runIdSchema, type TraceEvent, type TraceHeader } from '@underdock/trace';

/** A trace on disk grows no further than this (bytes): a container that writes for hours must not fill the disk. */
export const MAX_TRACE_BYTES = 1024 * 1024 * 1024;

/** Why a trace could not be written on; the run goes on without it. */
export class StoreError extends Error {
  readonly code: 'disk-full' | 'trace-too-large' | 'cannot-write';
  readonly remedy: string;
  constructor(code: StoreError['code'], message: string, remedy: string, cause?: unknown) {
    super(message, { cause });
    this.name = 'StoreError';
    this.code = code;
    this.remedy = remedy;
  }
}

/** Writes one trace line by line: whatever happens to the process, the file is whole up to its last line. */
export interface TraceWriter {
  readonly file: string;
  /** Appends whole lines; after a fault it does nothing. */
  append(events: readonly TraceEvent[]): void;
  /** What ended the writing early, if anything did. */
  readonly fault: StoreError | undefined;
  close(): void;
}

export interface WriterOptions {
  maxBytes?: number;
  /** Told once, at the first fault. */
  onFault?: (fault: StoreError) => void;
  /** Writes bytes to the descriptor and returns how many were taken. */
  write?: (fd: number, bytes: Uint8Array, offset: number) => number;
}

/** Where the traces of a state directory lie. */
export function traceFolder(stateDir: string): string {
  return join(stateDir, 'traces');
}

/** Starts a trace file (mode 0600) with its header. Throws StoreError when not even that can be written. */
export function createTraceWriter(
  file: string,
  header: TraceHeader,
  options: WriterOptions = {},
): TraceWriter {
  const writer = new FileWriter(file, options);
  writer.line(encodeLine(header));
  if (!writer.fault) return writer;
  writer.close();
  // Without a header it is no trace, and would only stand in the way.
  rmSync(file, { force: true });
  throw writer.fault;
}

class FileWriter implements TraceWriter {
  readonly file: string;
  fault: StoreError | undefined;
  #fd: number | undefined;
  #bytes = 0;
  #options: WriterOptions;

  constructor(file: string, options: WriterOptions) {
    this.file = file;
    this.#options = options;
    try {
      mkdirSync(dirname(file), { recursive: true, mode: 0o700 });
      // Appending, exclusive: an id is used once, and nothing is ever written over.
      this.#fd = openSync(file, 'ax', 0o600);
    } catch (cause) {
      throw storeError(file, cause);
    }
  }

  append(events: readonly TraceEvent[]): void {
    if (events.length > 0) this.line(events.map(encodeLine).join(''));
  }

  line(text: string): void {
    if (this.#fd === undefined || this.fault) return;
    const bytes = Buffer.from(text);
    const max = this.#options.maxBytes ?? MAX_TRACE_BYTES;
    if (this.#bytes + bytes.length > max) {
      this.#fail(
        new StoreError(
          'trace-too-large',
          `the trace ${this.file} has reached its limit of ${max} bytes`,
          'the run goes on and can be followed live; what comes now is not kept',
        ),
      );
      return;
    }
    try {
      const write = this.#options.write ?? ((fd, from, offset) => writeSync(fd, from, offset));
      for (let done = 0; done < bytes.length; ) done += write(this.#fd, bytes, done);
      this.#bytes += bytes.length;
    } catch (cause) {
      this.#keepWholeLines(bytes);
      this.#fail(storeError(this.file, cause));
    }
  }

  close(): void {
    if (this.#fd !== undefined) closeSync(this.#fd);
    this.#fd = undefined;
  }

  /** A disk that fills up takes half a batch: what is kept of it ends with its last whole line. */
  #keepWholeLines(bytes: Buffer): void {
    try {
      const written = fstatSync(this.#fd!).size - this.#bytes;
      const whole = bytes.subarray(0, Math.max(0, written)).lastIndexOf('\n') + 1;
      ftruncateSync(this.#fd!, this.#bytes + whole);
      this.#bytes += whole;
    } catch {
      // The half line stays: readers take it for a cut.
    }
  }

  #fail(fault: StoreError): void {
    this.fault = fault;
    this.#options.onFault?.(fault);
  }
}

function storeError(file: string, cause: unknown): StoreError {
  const code = (cause as NodeJS.ErrnoException).code;
  if (code === 'ENOSPC' || code === 'EDQUOT') {
    return new StoreError(
      'disk-full',
      `the trace ${file} can't be written on: the disk is full (${code})`,
      `make room below ${dirname(file)} or choose another folder with --state DIR`,
      cause,
    );
  }
  return new StoreError(
    'cannot-write',
    `the trace ${file} can't be written (${code ?? String(cause)})`,
    'check that the folder belongs to you, or choose another one with --state DIR',
    cause,
  );
}

/** A trace on disk, as lists show it. */
export interface TraceListing {
  id: string;
  title: string;
  startedAt: string;
  bytes: number;
}

/** The traces in a folder, newest first; files that are no traces are passed over. */
export async function listTraces(folder: string): Promise<TraceListing[]> {
  const names = await readdir(folder).catch(() => []);
  const found: TraceListing[] = [];
  for (const name of names) {
    const file = await traceFile(folder, name.replace(/\.chain$/, ''));
    if (!name.endsWith('.chain') || !file) continue;
    const header = await readHeader(file);
    if (!header) continue;
    const { size } = await stat(file);
    found.push({ id: header.id, title: header.title, startedAt: header.startedAt, bytes: size });
  }
  return found.sort((a, b) => (a.startedAt < b.startedAt ? 1 : -1));
}

/** The file of the trace with this id, or undefined. The id can't lead out of the folder. */
export async function traceFile(folder: string, id: string): Promise<string | undefined> {
  if (!runIdSchema.safeParse(id).success) return undefined;
  const file = join(folder, `${id}.chain`);
  const found = await stat(file).catch(() => undefined);
  return found?.isFile() ? file : undefined;
}

const HEADER_BYTES = 256 * 1024;

/** The header of a trace on disk; undefined for what is no trace or can’t be read. */
export async function readHeader(file: string): Promise<TraceHeader | undefined> {
  const handle = await open(file, 'r').catch(() => undefined);
  if (!handle) return undefined;
  try {
    const { buffer, bytesRead } = await handle.read(Buffer.alloc(HEADER_BYTES), 0, HEADER_BYTES, 0);
    const line = buffer.subarray(0, bytesRead).toString().split('\n', 1)[0] ?? '';
    return headerSchema.safeParse(JSON.parse(line)).data;
  } catch {
    return undefined;
  } finally {
    await handle.close();
  }
}
