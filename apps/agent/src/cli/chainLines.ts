import { applyEvent, type ChainState, callOf, initialState, isShown, levelOf } from '@underdock/chain';
import type { TraceEvent, TraceHeader } from '@underdock/trace';
import pc from 'picocolors';
import { PullBar } from './pullBar.ts';
import { tame } from './words.ts';

/** A sentence about an event, given what is known after it. */
export type Sentences = (event: TraceEvent, state: ChainState) => string;

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
  #state: ChainState | undefined;
  #kept: string[] | undefined;
  readonly #told = new Set<string>();
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
    this.#state = initialState(header);
    for (const watcher of header.watchers.filter((one) => one.state === 'missing')) {
      this.say(
        `not watched: the ${watcher.layer} layer by ${watcher.name} (${watcher.why ?? 'unknown why'})`,
      );
    }
  }

  events(events: readonly TraceEvent[]): void {
    for (const event of events) this.#event(event);
  }

  /** A line of our own, not of the chain. */
  say(text: string): void {
    this.#line(`${this.#colours.dim('underdock')}  ${tame(text)}`);
  }

  /** While a program owns the terminal the lines are kept; `release` writes them. */
  hold(): void {
    this.#bar.clear();
    this.#kept ??= [];
  }

  release(): void {
    const kept = this.#kept ?? [];
    this.#kept = undefined;
    for (const line of kept) this.#outlet.write(line);
  }

  close(): void {
    this.#bar.clear();
    this.release();
  }

  #event(event: TraceEvent): void {
    const before = this.#state;
    if (before) this.#state = applyEvent(before, event);
    if (!this.#kept) this.#bar.event(event);
    if (!before || !this.#state || !isTold(event, this.#state)) return;
    const c = this.#colours;
    const words = this.#sentences(event, this.#state);
    const failed = event.data.error !== undefined;
    // One act in nine hierarchies, a fact read back a second time: the same sentence is no news.
    if (!failed && this.#told.has(words)) return;
    this.#told.add(words);
    const text = failed ? c.red(`failed: ${tame(failureWords(event, words))}`) : tame(words);
    const at = c.dim(`${event.at.toFixed(1).padStart(9)} ms`);
    this.#line(`${at}  ${c.cyan(event.layer.padEnd(10))}  ${c.dim(tame(event.actor.name))}  ${text}`);
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

/** What belongs to the story; what comes of an act is told with it, and an end only when it is a failure. */
function isTold(event: TraceEvent, state: ChainState): boolean {
  const { type, span, data } = event;
  if (type === 'progress' || (type === 'end' && data.error === undefined)) return false;
  if (type === 'end') return callOf(state, span)?.level === 'story';
  if (type === 'fact' && span !== undefined) return false;
  const { init } = state.containers[event.container ?? state.container] ?? {};
  return isShown(
    levelOf(event, (pid) => pid === init),
    'story',
  );
}

function failureWords(event: TraceEvent, words: string): string {
  const { error, message, remedy } = event.data;
  const what = typeof message === 'string' ? message : String(error);
  return `${words}: ${what}${typeof remedy === 'string' ? ` (${remedy})` : ''}`;
}
