import {
  type CallError,
  type ChainState,
  createTimeline,
  type Timeline,
  type ToldStep,
} from '@underdock/chain';
import type { TraceEvent, TraceHeader } from '@underdock/trace';
import pc from 'picocolors';
import { PullBar } from './pullBar.ts';
import { tame } from './words.ts';

/** A sentence about a told step, given what is known after it. */
export type Sentences = (step: ToldStep, state: ChainState) => string;

/** A step that may still grow (`mount x 38`) is written when the next one begins, or after this time without news. */
const QUIET_MS = 200;

/** A terminal or file that lines go to. */
export interface LineOutlet {
  write(text: string): unknown;
  isTTY?: boolean;
  columns?: number;
}

export interface ChainLinesOptions {
  colour: boolean;
  sentences: Sentences;
}

/** Writes a run's chain as lines that one can read along: when, which layer, what happens. */
export class ChainLines {
  #timeline: Timeline | undefined;
  #kept: string[] | undefined;
  #quiet: NodeJS.Timeout | undefined;
  /** Steps written so far, by key, and whether their failure was written with them. */
  readonly #written = new Map<string, boolean>();
  #lastWords = '';
  readonly #outlet: LineOutlet;
  readonly #colours: ReturnType<typeof pc.createColors>;
  readonly #sentences: Sentences;
  readonly #bar: PullBar;

  constructor(outlet: LineOutlet, options: ChainLinesOptions) {
    this.#outlet = outlet;
    this.#colours = pc.createColors(options.colour);
    this.#sentences = options.sentences;
    this.#bar = new PullBar(outlet);
  }

  header(header: TraceHeader): void {
    this.#timeline = createTimeline(header, [], 'story');
    for (const watcher of header.watchers.filter((one) => one.state === 'missing')) {
      this.say(
        `not watched: the ${watcher.layer} layer by ${watcher.name} (${watcher.why ?? 'unknown why'})`,
      );
    }
  }

  events(events: readonly TraceEvent[]): void {
    if (!this.#kept) for (const event of events) this.#bar.event(event);
    this.#timeline?.append(events);
    this.#steps(false);
    clearTimeout(this.#quiet);
    this.#quiet = setTimeout(() => this.#steps(true), QUIET_MS).unref();
  }

  /** A line of our own, not of the chain. */
  say(text: string): void {
    this.#line(`${this.#colours.dim('underdock')}  ${tame(text)}`);
  }

  /** While a program owns the terminal the lines are kept; `release` writes them. */
  hold(): void {
    this.#steps(true);
    this.#bar.clear();
    this.#kept ??= [];
  }

  release(): void {
    const kept = this.#kept ?? [];
    this.#kept = undefined;
    for (const line of kept) this.#outlet.write(line);
  }

  close(): void {
    clearTimeout(this.#quiet);
    this.#steps(true);
    this.#bar.clear();
    this.release();
  }

  #steps(last: boolean): void {
    const steps = this.#timeline?.steps ?? [];
    const ready = last ? steps : steps.slice(0, -1);
    for (const step of ready) {
      const failed = step.failure !== undefined;
      if (this.#written.get(step.key) ?? (step.part === 'answers' && !failed)) continue;
      if (this.#written.has(step.key) && !failed) continue;
      this.#written.set(step.key, failed);
      this.#step(step);
    }
  }

  #step(step: ToldStep): void {
    const c = this.#colours;
    const words = this.#sentences(step, this.#timeline!.stateAt(step.position));
    if (words === this.#lastWords) return;
    this.#lastWords = words;
    const text = step.failure ? c.red(`failed: ${tame(failureWords(step.failure, words))}`) : tame(words);
    const at = c.dim(`${step.at.toFixed(1).padStart(9)} ms`);
    this.#line(`${at}  ${c.cyan(step.layer.padEnd(10))}  ${c.dim(tame(step.actor))}  ${text}`);
  }

  #line(text: string): void {
    // A terminal in raw mode needs the carriage return, elsewhere it would be a stray character.
    const line = `${text}${this.#outlet.isTTY ? '\r\n' : '\n'}`;
    if (this.#kept) this.#kept.push(line);
    else {
      this.#bar.clear();
      this.#outlet.write(line);
      this.#bar.draw();
    }
  }
}

function failureWords({ error, message, remedy }: CallError, words: string): string {
  const what = message ?? error;
  // The sentence leaves out a program’s own words in brackets; the command’s last words have them.
  const [gist = what] = what.split(/ \(|; /);
  const said = words.includes(gist) ? words : `${words}: ${what}`;
  return remedy ? `${said} (${remedy})` : said;
}
