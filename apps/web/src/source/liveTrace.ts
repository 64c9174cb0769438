import { eventsMessageSchema, headerMessageSchema, problemSchema, type TraceEvent } from '@underdock/trace';
import { Listeners } from './listeners.ts';
import type { TraceSnapshot, TraceSource } from './traceSource.ts';

/** Says something to the agent; `answer` gets its acknowledgement, or undefined when none came in time. */
export type Say = (event: string, message: unknown, answer?: (reply: unknown) => void) => void;

/** A run's trace as it grows on the agent. After a broken connection it goes on where it stopped. */
export class LiveTrace implements TraceSource {
  readonly #run: string;
  readonly #say: Say;
  readonly #onClose: () => void;
  /** How many events the agent says the run has had so far; 0 = not said. */
  readonly #expected: () => number;
  #answered = false;
  readonly #listeners = new Listeners();
  #events: TraceEvent[] = [];
  #snapshot: TraceSnapshot;

  constructor(run: string, say: Say, { expected, onClose }: { expected: () => number; onClose: () => void }) {
    this.#expected = expected;
    this.#run = run;
    this.#say = say;
    this.#onClose = onClose;
    this.#snapshot = {
      header: undefined,
      events: this.#events,
      reset: 0,
      caughtUp: false,
      closed: false,
      problem: undefined,
    };
  }

  readonly snapshot = (): TraceSnapshot => this.#snapshot;
  readonly subscribe = this.#listeners.subscribe;

  /** Asks the agent for everything that is not here yet. Called at each (re)connection. */
  ask(): void {
    const message = { run: this.#run, fromSeq: this.#events.length + 1 };
    this.#say('follow', message, (reply) => {
      const problem = problemSchema.safeParse(reply);
      this.#answered ||= reply !== undefined;
      if (problem.success) this.#change({ problem: problem.data.error });
      else if (reply !== undefined) this.#change({ problem: undefined });
    });
  }

  /** Takes a message of the socket that names this run. */
  receive(kind: 'header' | 'events', message: unknown): void {
    if (kind === 'header') {
      const parsed = headerMessageSchema.safeParse(message);
      if (parsed.success) this.#header(parsed.data.header);
      else this.#unreadable();
      return;
    }
    const parsed = eventsMessageSchema.safeParse(message);
    if (!parsed.success) {
      this.#unreadable();
      return;
    }
    for (const event of parsed.data.events) {
      if (event.seq === this.#events.length + 1) this.#events.push(event);
      // A hole means that messages were lost on the way: ask again from where the hole begins.
      else if (event.seq > this.#events.length + 1) {
        this.ask();
        return;
      }
    }
    this.#change({ closed: this.#snapshot.closed || parsed.data.closed });
  }

  close(): void {
    this.#say('unfollow', { run: this.#run });
    this.#onClose();
  }

  #header(header: NonNullable<TraceSnapshot['header']>): void {
    const before = this.#snapshot.header;
    const another = before !== undefined && before.startedAt !== header.startedAt;
    if (another) this.#events = [];
    const reset = this.#snapshot.reset + (another ? 1 : 0);
    this.#change({ header, events: this.#events, reset });
    if (another) this.ask();
  }

  #unreadable(): void {
    this.#change({
      problem: {
        message: 'the agent sent something that this page can’t read',
        remedy: 'reload the page: the agent may have been updated meanwhile',
      },
    });
  }

  #change(part: Partial<TraceSnapshot>): void {
    const here = this.#answered && this.#events.length >= this.#expected();
    this.#snapshot = { ...this.#snapshot, ...part, caughtUp: this.#snapshot.caughtUp || here };
    this.#listeners.tell();
  }
}
