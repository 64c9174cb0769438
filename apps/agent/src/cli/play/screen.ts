import type { ReadStream, WriteStream } from 'node:tty';
import type { Streams } from '../terminal.ts';

// xterm’s control sequences: another screen, no cursor, no line that goes on in the next.
const ENTER = '\u001b[?1049h\u001b[?25l\u001b[?7l';
const LEAVE = '\u001b[?7h\u001b[?25h\u001b[?1049l';
const SIGNALS = { SIGHUP: 1, SIGINT: 2, SIGQUIT: 3, SIGTERM: 15 } as const;

/** What a screen tells of. */
export interface ScreenEvents {
  keys(text: string): void;
  /** Its size has changed, or it was away: what stood on it is gone. */
  redraw(): void;
  /** A signal or the end of the terminal: 128 and the signal’s number, or 0. */
  end(exitCode: number): void;
}

/** The whole terminal for a while. It is given back by `close`, and when this process ends for whatever reason. */
export class Screen {
  readonly #keys: ReadStream;
  readonly #out: WriteStream;
  readonly #events: ScreenEvents;
  readonly #undo: (() => void)[] = [];
  #isOn = false;

  constructor(streams: Streams, events: ScreenEvents) {
    this.#keys = streams.stdin as ReadStream;
    this.#out = streams.stdout as WriteStream;
    this.#events = events;
    const on = (emitter: NodeJS.EventEmitter, name: string, act: (value: Buffer) => void) => {
      emitter.on(name, act);
      this.#undo.push(() => emitter.off(name, act));
    };
    on(this.#keys, 'data', (bytes) => events.keys(bytes.toString('utf8')));
    on(this.#keys, 'end', () => events.end(0));
    on(this.#keys, 'error', () => events.end(0));
    on(this.#out, 'error', () => events.end(0));
    on(this.#out, 'resize', () => events.redraw());
    for (const [name, number] of Object.entries(SIGNALS)) on(process, name, () => events.end(128 + number));
    on(process, 'exit', () => this.#give());
    on(process, 'SIGCONT', () => this.#comeBack());
    this.#take();
  }

  get size(): { columns: number; rows: number } {
    return { columns: Math.max(1, this.#out.columns), rows: Math.max(1, this.#out.rows) };
  }

  /** Shows these lines from the top on, one for each row of the screen at most. */
  draw(lines: readonly string[]): void {
    if (!this.#isOn) return;
    const text = lines.slice(0, this.size.rows).map((line) => `${line}\u001b[0m\u001b[K`);
    this.#out.write(`\u001b[H${text.join('\r\n')}\u001b[J`);
  }

  /** Gives the terminal back and stops this process until somebody lets it go on (`fg`). */
  suspend(): void {
    this.#give();
    process.kill(process.pid, 'SIGTSTP');
    // Where nobody could let it go on again the kernel does not stop it (orphaned process group, setpgid(2)).
    setImmediate(() => this.#comeBack());
  }

  close(): void {
    this.#give();
    for (const undo of this.#undo.splice(0)) undo();
    this.#keys.pause();
  }

  #comeBack(): void {
    if (this.#undo.length === 0) return;
    this.#take();
    this.#events.redraw();
  }

  #take(): void {
    if (this.#isOn) return;
    this.#isOn = true;
    this.#keys.setRawMode(true);
    this.#keys.resume();
    this.#out.write(ENTER);
  }

  #give(): void {
    if (!this.#isOn) return;
    this.#isOn = false;
    // A terminal that is gone can’t be given back.
    try {
      this.#out.write(LEAVE);
      this.#keys.setRawMode(false);
    } catch {}
  }
}
