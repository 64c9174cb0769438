import type { ProbeLine } from './lines.ts';

/** An instant is taken by a processor a little before its line can be seen in the buffer. */
const SLACK_NS = 2e6;

/** A line with an instant, and the pieces that were printed for it before. */
interface Unit {
  ns: number;
  lines: ProbeLine[];
}

/**
 * Puts the probe's lines in the order in which things happened. Each processor has a buffer of its own and bpftrace
 * empties a busy one before it looks at the next: a child's first acts can be printed long before its birth. So lines wait
 * until the probe proves that all older ones are printed.
 */
export class LineOrder {
  #pieces = new Map<string, ProbeLine[]>();
  #waiting: Unit[] = [];
  #told = 0;
  readonly #onLate: () => void;

  /** `onLate` is called for a line that comes although it was proven that none would. */
  constructor(onLate: () => void) {
    this.#onLate = onLate;
  }

  /**
   * Takes a line as it was printed and gives the lines that are now in order, if any: `t NS` closes them and promises that
   * nothing older will come. A line that makes no sense comes back at once.
   */
  take(line: ProbeLine): ProbeLine[] {
    const { letter, words } = line;
    if (letter === 's' || letter === 'a') return this.#piece(line, words[0] ?? '');
    if (letter === 't') return this.#proof(Number(words[0]));
    const shift = letter === 'e' || letter === 'x' || letter === 'c' ? 1 : 0;
    const ns = Number(words[shift]);
    if (!Number.isFinite(ns) || ns <= 0) return [line];
    if (ns < this.#told) this.#onLate();
    const tid = words[shift + 2] ?? '';
    this.#waiting.push({ ns, lines: [...(this.#pieces.get(tid) ?? []), line] });
    this.#pieces.delete(tid);
    return [];
  }

  /** Everything that waits, in order: no proof will come any more. */
  flush(): ProbeLine[] {
    return this.#release(Number.POSITIVE_INFINITY);
  }

  #piece(line: ProbeLine, tid: string): ProbeLine[] {
    const kept = this.#pieces.get(tid);
    if (kept) kept.push(line);
    else this.#pieces.set(tid, [line]);
    return [];
  }

  #proof(ns: number): ProbeLine[] {
    if (!(ns >= 0)) return [{ letter: 't', words: [], text: '' }];
    const until = ns - SLACK_NS;
    if (until <= this.#told) return [];
    this.#told = until;
    return [...this.#release(until), { letter: 't', words: [String(until)], text: '' }];
  }

  #release(until: number): ProbeLine[] {
    // Sorting is stable: what one processor printed with the same instant stays as it was printed.
    this.#waiting.sort((a, b) => a.ns - b.ns);
    const end = this.#waiting.findIndex(({ ns }) => ns > until);
    return this.#waiting.splice(0, end < 0 ? this.#waiting.length : end).flatMap(({ lines }) => lines);
  }
}
