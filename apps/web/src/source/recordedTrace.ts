import { decodeTrace, MAX_BYTES, TraceCollector } from '@underdock/trace';
import { SourceError } from './error.ts';
import { Listeners } from './listeners.ts';
import type { TraceFile } from './traceFile.ts';
import type { TraceSnapshot, TraceSource } from './traceSource.ts';

/** So many events are taken before the page is let do something else. */
const BATCH = 4000;

/** Reading could not go on; what came before is there. */
class CutShort extends Error {}

/** A trace in a file: all of it is there, as fast as it can be read. A file that is cut or damaged shows what is whole in it. */
export class RecordedTrace implements TraceSource {
  readonly #listeners = new Listeners();
  readonly #kept = new TraceCollector();
  readonly #breathe: () => Promise<void>;
  #notes: string[] = [];
  #open = true;
  #snapshot: TraceSnapshot = {
    header: undefined,
    events: this.#kept.events,
    reset: 0,
    caughtUp: false,
    closed: false,
    problem: undefined,
  };
  /** Resolves when all is read; never rejects. */
  readonly done: Promise<void>;

  /** `breathe` lets the page do something else for a moment. */
  constructor(file: TraceFile, breathe: () => Promise<void> = nextTurn) {
    this.#breathe = breathe;
    this.done = this.#read(file);
  }

  readonly snapshot = (): TraceSnapshot => this.#snapshot;
  readonly subscribe = this.#listeners.subscribe;

  close(): void {
    this.#open = false;
  }

  async #read(file: TraceFile): Promise<void> {
    try {
      await this.#take(limited(await unpacked(await file.open()), this.#notes));
    } catch (error) {
      if (!(error instanceof CutShort)) this.#failed(error);
    }
    this.#change({ caughtUp: true, closed: true, ...this.#noted() });
  }

  async #take(text: AsyncIterable<string>): Promise<void> {
    let fresh = 0;
    let told = 0;
    for await (const item of decodeTrace(text)) {
      if (!this.#open) return;
      const goesOn = this.#kept.take(item);
      if (item.kind === 'header') this.#change({ header: item.header });
      if (!goesOn) return;
      if (++fresh < BATCH) continue;
      fresh = 0;
      // Each time half of what is there is new: a long trace is laid out a few times, not for each piece of it.
      if (this.#kept.events.length >= told * 2) {
        told = this.#kept.events.length;
        this.#change({});
      }
      await this.#breathe();
    }
  }

  #failed(error: unknown): void {
    if (this.#kept.header) {
      this.#kept.fail(error);
      return;
    }
    const message = error instanceof Error ? error.message : String(error);
    const remedy =
      error instanceof SourceError
        ? error.remedy
        : 'open a file that underdock has recorded: its name ends in .chain or .chain.gz';
    this.#change({ problem: { message, remedy } });
  }

  #noted(): Partial<TraceSnapshot> {
    const { faultyLines, repeated, cut, stopped } = this.#kept;
    const many = (count: number, one: string, more: string) => (count === 1 ? one : `${count} ${more}`);
    const notes = [
      ...(faultyLines > 0
        ? [
            many(
              faultyLines,
              'one line could not be read and is left out',
              'lines could not be read and are left out',
            ),
          ]
        : []),
      ...(repeated > 0
        ? [
            many(
              repeated,
              'one event stands there twice: it is taken once',
              'events stand there again: each is taken once',
            ),
          ]
        : []),
      ...(cut ? ['the file ends in the middle of a line: what comes before is whole'] : []),
      ...(stopped ? [stopped] : []),
      ...this.#notes,
    ];
    if (this.#snapshot.problem || notes.length === 0) return {};
    return { problem: { message: notes.join('; '), remedy: 'underdock verify FILE says where' } };
  }

  #change(part: Partial<TraceSnapshot>): void {
    this.#snapshot = { ...this.#snapshot, ...part };
    this.#listeners.tell();
  }
}

/** Lets the page do what waits to be done. Timers would wait for some ms each. */
function nextTurn(): Promise<void> {
  return new Promise((resolve) => {
    const { port1, port2 } = new MessageChannel();
    port1.onmessage = () => {
      port1.close();
      resolve();
    };
    port2.postMessage(undefined);
  });
}

/** The bytes without their packing, which two bytes tell (RFC 1952). */
async function unpacked(packed: ReadableStream<Uint8Array>): Promise<AsyncIterable<Uint8Array>> {
  const chunks = bytesOf(packed);
  let first = new Uint8Array();
  while (first.length < 2) {
    const next = await chunks.next();
    if (next.done) break;
    first = Uint8Array.from([...first, ...next.value]);
  }
  const whole = async function* () {
    yield first;
    yield* chunks;
  };
  if (first[0] !== 0x1f || first[1] !== 0x8b) return whole();
  return gunzipped(streamOf(pieces(whole())));
}

/** What a piece becomes is lost with it where it turns out to be damaged: so pieces (bytes) are small. */
const PIECE = 2048;

async function* pieces(chunks: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
  for await (const chunk of chunks) {
    for (let at = 0; at < chunk.length; at += PIECE) yield chunk.subarray(at, at + PIECE);
  }
}

async function* gunzipped(packed: ReadableStream<BufferSource>): AsyncGenerator<Uint8Array> {
  try {
    yield* bytesOf(packed.pipeThrough(new DecompressionStream('gzip')));
  } catch (cause) {
    // A browser reads one packed part, where gunzip reads several, and nothing behind it.
    const isMore = cause instanceof Error && /junk/i.test(cause.message);
    throw isMore
      ? new Error('there is more behind its packed part: unpack it first, with gunzip', { cause })
      : cause;
  }
}

/** Iterables become streams by themselves (ReadableStream.from) only in some browsers. */
function streamOf(chunks: AsyncGenerator<Uint8Array>): ReadableStream<BufferSource> {
  return new ReadableStream({
    async pull(controller) {
      const next = await chunks.next();
      if (next.done) controller.close();
      else controller.enqueue(next.value as Uint8Array<ArrayBuffer>);
    },
    cancel: () => void chunks.return(undefined),
  });
}

/** Streams are no iterables in every browser yet. */
async function* bytesOf(stream: ReadableStream<Uint8Array>): AsyncGenerator<Uint8Array> {
  const reader = stream.getReader();
  try {
    for (let next = await reader.read(); !next.done; next = await reader.read()) yield next.value;
  } finally {
    await reader.cancel().catch(() => {});
  }
}

async function* limited(chunks: AsyncIterable<Uint8Array>, notes: string[]): AsyncGenerator<string> {
  const decoder = new TextDecoder();
  let bytes = 0;
  for await (const chunk of chunks) {
    bytes += chunk.length;
    if (bytes > MAX_BYTES) {
      notes.push(`this trace is larger than ${MAX_BYTES / 1024 ** 3} GiB: the rest is left out`);
      throw new CutShort();
    }
    yield decoder.decode(chunk, { stream: true });
  }
  yield decoder.decode();
}
