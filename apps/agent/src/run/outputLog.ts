import type { RawRecord } from '@underdock/weave';

/** The trace keeps so much of a container's output; what comes later is passed through and only counted. */
export const MOST_OUTPUT_BYTES = 4 * 1024 * 1024;
/** And so much of any one second of it: a `yes` must not push out everything else at once. */
export const MOST_BYTES_PER_SECOND = 1024 * 1024;
/** Small pieces that come so close together are one event. */
const GATHER_MS = 10;
const MOST_CHUNK = 32 * 1024;

/** Turns a container's output into `process/output` events, within limits that are said. */
export interface OutputLog {
  add(stream: 'stdout' | 'stderr', bytes: Uint8Array): void;
  /** Writes the rest and how much was left out. */
  close(): void;
}

/** An output log for one run; `now` in ms on the trace's clock. Output is dated when it came, not when it is written. */
export function createOutputLog(add: (record: RawRecord) => void, now: () => number): OutputLog {
  return new LimitedOutput(add, now);
}

class LimitedOutput implements OutputLog {
  #add: (record: RawRecord) => void;
  #now: () => number;
  #waiting: { stream: 'stdout' | 'stderr'; chunks: Uint8Array[]; bytes: number; at: number } | undefined;
  #kept = 0;
  #omitted = 0;
  #second = 0;
  #inSecond = 0;
  #said = false;
  #timer: NodeJS.Timeout | undefined;

  constructor(add: (record: RawRecord) => void, now: () => number) {
    this.#add = add;
    this.#now = now;
  }

  add(stream: 'stdout' | 'stderr', bytes: Uint8Array): void {
    const room = this.#room();
    const part = bytes.subarray(0, room);
    if (part.length > 0) this.#gather(stream, part);
    if (part.length < bytes.length) this.#omit(bytes.length - part.length);
  }

  #flush(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    const waiting = this.#waiting;
    this.#waiting = undefined;
    if (!waiting) return;
    const bytes = Buffer.concat(waiting.chunks);
    for (let from = 0; from < bytes.length; from += MOST_CHUNK) {
      const base64 = bytes.subarray(from, from + MOST_CHUNK).toString('base64');
      this.#put('process/output', waiting.at, { stream: waiting.stream, base64 });
    }
  }

  close(): void {
    this.#flush();
    if (this.#omitted > 0) this.#say({ keptBytes: this.#kept, omittedBytes: this.#omitted });
  }

  #room(): number {
    const second = Math.floor(this.#now() / 1000);
    if (second !== this.#second) {
      this.#second = second;
      this.#inSecond = 0;
    }
    return Math.min(MOST_OUTPUT_BYTES - this.#kept, MOST_BYTES_PER_SECOND - this.#inSecond);
  }

  #gather(stream: 'stdout' | 'stderr', bytes: Uint8Array): void {
    this.#kept += bytes.length;
    this.#inSecond += bytes.length;
    if (this.#waiting && this.#waiting.stream !== stream) this.#flush();
    this.#waiting ??= { stream, chunks: [], bytes: 0, at: this.#now() };
    this.#timer ??= setTimeout(() => this.#flush(), GATHER_MS);
    this.#waiting.chunks.push(bytes);
    this.#waiting.bytes += bytes.length;
    if (this.#waiting.bytes >= MOST_CHUNK) this.#flush();
  }

  #omit(bytes: number): void {
    this.#omitted += bytes;
    if (this.#said) return;
    this.#said = true;
    this.#flush();
    this.#say({ keptBytes: this.#kept });
  }

  #say(data: Record<string, unknown>): void {
    this.#put('process/output-limit', this.#now(), data);
  }

  #put(step: string, at: number, data: Record<string, unknown>): void {
    const actor = { name: 'container' };
    this.#add({ kind: 'self', at, type: 'log', step, layer: 'process', actor, data });
  }
}
