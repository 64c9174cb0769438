import type { TraceEvent, TraceHeader } from '@underdock/trace';

/** When an event reached somebody. */
export interface Arrival {
  at: number;
  step: string;
  arrivedMs: number;
}

/** Notes when each event of a run arrives, until the run is closed. */
export class Notes {
  header: TraceHeader | undefined;
  readonly arrivals: Arrival[] = [];
  readonly closed: Promise<void>;
  #close: () => void = () => {};

  constructor() {
    this.closed = new Promise((resolve) => {
      this.#close = resolve;
    });
  }

  take(name: string, message: { header: TraceHeader; events: TraceEvent[]; closed: boolean }): void {
    const arrivedMs = Date.now();
    if (name === 'header') this.header = message.header;
    if (name !== 'events') return;
    for (const { at, step } of message.events) this.arrivals.push({ at, step, arrivedMs });
    if (message.closed) this.#close();
  }
}
