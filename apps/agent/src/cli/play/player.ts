import type { Timeline } from '@underdock/chain';
import type { TraceHeader } from '@underdock/trace';
import type { Streams } from '../terminal.ts';
import { frame } from './frame.ts';
import { wishesIn } from './keys.ts';
import { fulfil, goneOn, type PlayState, pauseOf, type Wish } from './playState.ts';
import { Screen } from './screen.ts';

/** What is played, and from where. */
export interface Playing {
  header: TraceHeader;
  timeline: Timeline;
  state: PlayState;
  colour: boolean;
}

/** Plays a trace in a terminal until somebody quits. Resolves with the exit code; the terminal is then as it was. */
export function playIn(streams: Streams, playing: Playing): Promise<number> {
  return new Promise((resolve) => new TerminalPlayer(streams, playing, resolve));
}

class TerminalPlayer {
  readonly #screen: Screen;
  readonly #playing: Playing;
  readonly #resolve: (exitCode: number) => void;
  #state: PlayState;
  #timeline: Timeline;
  #timer: NodeJS.Timeout | undefined;

  constructor(streams: Streams, playing: Playing, resolve: (exitCode: number) => void) {
    this.#playing = playing;
    this.#resolve = resolve;
    this.#state = playing.state;
    this.#timeline = playing.timeline;
    this.#screen = new Screen(streams, {
      keys: (text) => {
        for (const wish of wishesIn(text)) this.#wish(wish);
      },
      redraw: () => this.#show(),
      end: (exitCode) => this.#end(exitCode),
    });
    this.#show();
  }

  #wish(wish: Wish): void {
    if (wish === 'quit') this.#end(0);
    else if (wish === 'suspend') this.#screen.suspend();
    else this.#move(wish);
  }

  #move(wish: Wish): void {
    const before = this.#timeline;
    this.#state = fulfil(this.#state, wish, before.steps.length);
    if (this.#state.level !== before.level) {
      this.#timeline = before.withLevel(this.#state.level);
      const position = before.steps[this.#state.index]?.position ?? 0;
      this.#state = { ...this.#state, index: Math.max(0, this.#timeline.stepIndexAt(position)) };
    }
    this.#show();
  }

  #show(): void {
    const { header, colour } = this.#playing;
    const shown = { header, timeline: this.#timeline, state: this.#state };
    this.#screen.draw(frame(shown, this.#screen.size, colour));
    clearTimeout(this.#timer);
    const pause = pauseOf(this.#state, this.#timeline.steps);
    if (pause === undefined) return;
    this.#timer = setTimeout(() => {
      this.#state = goneOn(this.#state, this.#timeline.steps.length);
      this.#show();
    }, pause);
  }

  #end(exitCode: number): void {
    clearTimeout(this.#timer);
    this.#screen.close();
    this.#resolve(exitCode);
  }
}
