import type { ProbeLine } from './lines.ts';

/** A processor that has been silent for so much longer than another (ns) idles or was taken offline: it holds nothing up. */
const OFFLINE_NS = 3e8;
/** How long (ns) the first heartbeats of all processors are waited for. */
const FIRST_NS = 1e9;

/** A line with an instant, and the pieces that were printed for it before. */
interface Unit {
  ns: number;
  lines: ProbeLine[];
}

/**
 * Puts the probe's lines in the order in which things happened. Each processor has a buffer of its own and bpftrace
 * empties a busy one before it looks at the next: a child's first acts can be printed long before its birth. Each
 * processor also prints heartbeats; behind the heartbeat of a processor, none of its lines is older. So what is older
 * than the last heartbeats of all processors is complete.
 */
export class LineOrder {
  #pieces = new Map<string, ProbeLine[]>();
  #waiting: Unit[] = [];
  /** The last heartbeat of each processor, ns. */
  #clocks = new Map<number, number>();
  #first: number | undefined;
  #told = 0;
  readonly #processors: number;

  constructor(processors: number) {
    this.#processors = processors;
  }

  /**
   * Takes a line as it was printed and gives the lines that are now in order, if any: a heartbeat `t NS` closes them
   * and promises that nothing older will come. A line that makes no sense comes back at once.
   */
  take(line: ProbeLine): ProbeLine[] {
    const { letter, words } = line;
    if (letter === 's' || letter === 'a') return this.#piece(line, words[0] ?? '');
    if (letter === 't') return this.#beat(Number(words[0]), Number(words[1]));
    const shift = letter === 'e' || letter === 'x' || letter === 'c' ? 1 : 0;
    const ns = Number(words[shift]);
    if (!Number.isFinite(ns) || ns <= 0) return [line];
    const tid = words[shift + 2] ?? '';
    this.#waiting.push({ ns, lines: [...(this.#pieces.get(tid) ?? []), line] });
    this.#pieces.delete(tid);
    return [];
  }

  /** Everything that waits, in order: no heartbeat will come any more. */
  flush(): ProbeLine[] {
    return this.#release(Number.POSITIVE_INFINITY);
  }

  #piece(line: ProbeLine, tid: string): ProbeLine[] {
    const kept = this.#pieces.get(tid);
    if (kept) kept.push(line);
    else this.#pieces.set(tid, [line]);
    return [];
  }

  #beat(ns: number, processor: number): ProbeLine[] {
    if (!(ns > 0) || !(processor >= 0)) return [{ letter: 't', words: [], text: '' }];
    this.#first ??= ns;
    this.#clocks.set(processor, ns);
    if (this.#clocks.size < this.#processors && ns - this.#first < FIRST_NS) return [];
    const clocks = [...this.#clocks.values()];
    const newest = Math.max(...clocks);
    const until = Math.min(...clocks.filter((clock) => clock > newest - OFFLINE_NS));
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
