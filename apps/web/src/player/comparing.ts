import {
  type Comparison,
  compareLooks,
  createTimeline,
  type LookedThrough,
  lookAt,
  type Timeline,
} from '@underdock/chain';
import { Listeners } from '../source/listeners.ts';
import type { TraceSource } from '../source/traceSource.ts';

/** How one of the compared traces stands. */
export interface ComparedSource {
  id: string;
  /** Its header is here: it can be compared. */
  here: boolean;
  caughtUp: boolean;
  closed: boolean;
  problem: { message: string; remedy?: string | undefined } | undefined;
}

export interface ComparingSnapshot {
  sources: readonly ComparedSource[];
  /** Undefined until all traces are here. */
  comparison: Comparison | undefined;
}

/** Between two comparisons of growing traces there is at least this much time, and as much again as one takes. */
const PAUSE_MS = 250;

/** Compares traces, and compares them anew while they grow. */
export class Comparing {
  readonly #sides: Growing[];
  readonly #listeners = new Listeners();
  readonly #later: (act: () => void, ms: number) => () => void;
  readonly #now: () => number;
  #cancel: (() => void) | undefined;
  #snapshot: ComparingSnapshot;

  /** `later` calls back after so many ms and returns how to call that off; `now` is a clock in ms that never goes back. */
  constructor(
    sources: readonly { id: string; source: TraceSource }[],
    { later, now }: { later: (act: () => void, ms: number) => () => void; now: () => number },
  ) {
    this.#later = later;
    this.#now = now;
    this.#sides = sources.map(({ id, source }) => new Growing(id, source, () => this.#due()));
    this.#snapshot = { sources: this.#sides.map((side) => side.standing()), comparison: undefined };
    this.#compare();
  }

  readonly snapshot = (): ComparingSnapshot => this.#snapshot;
  readonly subscribe = this.#listeners.subscribe;

  close(): void {
    this.#cancel?.();
    for (const side of this.#sides) side.close();
  }

  #due(): void {
    // A trace that is over comes in pieces, but is compared once; what grows, at a pace that leaves time for everything else.
    if (this.#sides.every((side) => side.standing().closed)) this.#compare();
    else this.#cancel ??= this.#later(() => this.#compare(), PAUSE_MS);
  }

  #compare(): void {
    this.#cancel?.();
    this.#cancel = undefined;
    const began = this.#now();
    const looks = this.#sides.flatMap((side) => side.look() ?? []);
    const whole = looks.length === this.#sides.length && looks.length > 1;
    this.#snapshot = {
      sources: this.#sides.map((side) => side.standing()),
      comparison: whole ? compareLooks(looks) : undefined,
    };
    this.#listeners.tell();
    const took = this.#now() - began;
    if (took > PAUSE_MS && whole) this.#cancel ??= this.#later(() => this.#compareIfGrown(), took * 2);
  }

  #compareIfGrown(): void {
    this.#cancel = undefined;
    if (this.#sides.some((side) => side.hasGrown())) this.#compare();
  }
}

/** One trace as it grows, folded as far as it goes. */
class Growing {
  readonly #id: string;
  readonly #source: TraceSource;
  readonly #stop: () => void;
  #timeline: Timeline | undefined;
  #taken = 0;
  #reset = 0;
  #look: LookedThrough | undefined;

  constructor(id: string, source: TraceSource, onChange: () => void) {
    this.#id = id;
    this.#source = source;
    this.#stop = source.subscribe(onChange);
  }

  standing(): ComparedSource {
    const { header, caughtUp, closed, problem } = this.#source.snapshot();
    return { id: this.#id, here: header !== undefined, caughtUp, closed, problem };
  }

  hasGrown(): boolean {
    return this.#source.snapshot().events.length !== this.#taken;
  }

  /** The trace looked through as far as it goes now; undefined before its header is here. */
  look(): LookedThrough | undefined {
    const { header, events, reset } = this.#source.snapshot();
    if (!header) return undefined;
    if (!this.#timeline || reset !== this.#reset) {
      this.#timeline = createTimeline(header, events.slice());
      this.#look = undefined;
    } else if (events.length > this.#taken) {
      this.#timeline.append(events.slice(this.#taken));
      this.#look = undefined;
    }
    this.#taken = events.length;
    this.#reset = reset;
    const all = this.#timeline.events;
    this.#look ??= lookAt({ header, events: all }, this.#timeline.stateAt(all.length));
    return this.#look;
  }

  close(): void {
    this.#stop();
    this.#source.close();
  }
}
