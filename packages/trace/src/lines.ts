import { TraceError } from './error.ts';
import { MAX_LINE, MAX_SKIPPED } from './limits.ts';

/** A line without its newline; `line` counts from 1. One that is too long has no text, and says so. */
export interface Line {
  text: string;
  line: number;
  tooLong?: TraceError;
}

/** Splits text into lines without ever holding more than one line beyond the chunk. */
export class LineReader {
  #rest = '';
  #line = 1;
  /** Characters of a line that is too long, so far passed over. */
  #skipped = 0;

  /** The lines that end in this chunk. Throws TraceError `line-too-long` for one that does not end at all. */
  *push(chunk: string): Generator<Line> {
    let from = 0;
    for (let end = chunk.indexOf('\n'); end >= 0; end = chunk.indexOf('\n', from)) {
      this.#add(chunk.slice(from, end));
      from = end + 1;
      yield this.#take();
    }
    this.#add(chunk.slice(from));
    if (this.#skipped > MAX_SKIPPED) throw tooLong(this.#line);
  }

  /** What stands behind the last newline. */
  rest(): Line {
    if (this.#skipped > 0) throw tooLong(this.#line);
    return this.#take();
  }

  #add(text: string): void {
    if (this.#skipped === 0 && this.#rest.length + text.length <= MAX_LINE) this.#rest += text;
    else {
      this.#skipped += this.#rest.length + text.length;
      this.#rest = '';
    }
  }

  #take(): Line {
    const line = this.#line++;
    // A mark of the byte order is no part of the text; most decoders take it away, not all.
    const text = line === 1 && this.#rest.startsWith('\ufeff') ? this.#rest.slice(1) : this.#rest;
    const isTooLong = this.#skipped > 0;
    this.#rest = '';
    this.#skipped = 0;
    return isTooLong ? { text: '', line, tooLong: tooLong(line) } : { text, line };
  }
}

function tooLong(line: number): TraceError {
  return new TraceError('line-too-long', `line ${line} is longer than ${MAX_LINE} characters`, { line });
}
