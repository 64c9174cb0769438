import { decodeTrace, type TraceItem } from './codec.ts';
import { TraceError } from './error.ts';
import type { TraceEvent } from './event.ts';
import type { TraceHeader } from './header.ts';
import { MAX_BYTES, MAX_EVENTS, MAX_WEIGHT } from './limits.ts';

/** So many faulty lines are told one by one; the others are counted. */
const MOST_FAULTS = 1000;

/** A whole trace, as far as it could be read. */
export interface CollectedTrace {
  header: TraceHeader;
  /** In file order, each `seq` once. */
  events: TraceEvent[];
  /** Lines that were passed over, and what else is wrong, in words. */
  faults: string[];
  /** The last line is half: what comes before is whole. */
  cut: boolean;
}

/** How much a reader keeps. */
export interface Room {
  events: number;
  /** Bytes, by `weight`. */
  weight: number;
}

const ROOM: Room = { events: MAX_EVENTS, weight: MAX_WEIGHT };

/** Keeps what is read of a trace within bounds: an event that stands there twice is taken once, as it stood there first. */
export class TraceCollector {
  readonly events: TraceEvent[] = [];
  header: TraceHeader | undefined;
  /** Lines that are no events. */
  faultyLines = 0;
  /** Events whose `seq` had been there before. */
  repeated = 0;
  cut = false;
  /** Why reading stopped before the end of the file, in words. */
  stopped: string | undefined;
  readonly faults: string[] = [];
  readonly #seen = new Set<number>();
  readonly #room: Room;
  #weight = 0;

  constructor(room: Room = ROOM) {
    this.#room = room;
  }

  /** Takes what was read; false = there is no room for more, and `stopped` says so. */
  take(item: TraceItem): boolean {
    if (item.kind === 'header') this.header = item.header;
    else if (item.kind === 'cut') this.cut = true;
    else if (item.kind === 'event') return this.#event(item.event, item.weight);
    else if (++this.faultyLines <= MOST_FAULTS) this.faults.push(item.error.message);
    return true;
  }

  /** Takes what made reading end. Before the header nothing can be kept: then the error is thrown on. */
  fail(error: unknown): void {
    if (!this.header) throw error;
    const why = error instanceof Error ? error.message : String(error);
    this.stopped = `the file can’t be read on (${why}): what comes before is whole`;
  }

  #event(event: TraceEvent, weight: number): boolean {
    if (this.#seen.has(event.seq)) {
      this.repeated++;
      return true;
    }
    if (this.events.length >= this.#room.events) {
      this.stopped = `this trace has more than ${this.#room.events} events: the later ones are left out`;
      return false;
    }
    this.#weight += weight;
    if (this.#weight > this.#room.weight) {
      this.stopped = `this trace takes more than ${this.#room.weight / 1024 ** 2} MiB of memory: the rest is left out`;
      return false;
    }
    this.#seen.add(event.seq);
    this.events.push(event);
    return true;
  }
}

/**
 * Reads a whole trace from chunks of text and keeps what is whole of a damaged one. Throws TraceError where there is no header
 * that can be read, and what the chunks throw before it.
 */
export async function collectTrace(
  chunks: AsyncIterable<string> | Iterable<string>,
  room: Room = ROOM,
): Promise<CollectedTrace> {
  const kept = new TraceCollector(room);
  try {
    for await (const item of decodeTrace(bounded(chunks))) if (!kept.take(item)) break;
  } catch (error) {
    kept.fail(error);
  }
  const { header, events, faults, faultyLines, repeated, stopped, cut } = kept;
  if (faultyLines > faults.length) faults.push(`and ${faultyLines - faults.length} more faulty lines`);
  if (repeated > 0)
    faults.push(
      `${repeated === 1 ? 'one event stands' : `${repeated} events stand`} there again: each is taken once`,
    );
  if (stopped) faults.push(stopped);
  // Without a header decodeTrace has thrown, and so has `fail`.
  return { header: header!, events, faults, cut };
}

/** Text that ends with an error where it becomes more than a reader takes. */
async function* bounded(chunks: AsyncIterable<string> | Iterable<string>): AsyncGenerator<string> {
  let characters = 0;
  for await (const chunk of chunks) {
    characters += chunk.length;
    if (characters > MAX_BYTES)
      throw new TraceError('too-large', `it is larger than ${MAX_BYTES / 1024 ** 3} GiB`);
    yield chunk;
  }
}
