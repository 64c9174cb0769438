import type { TraceEvent, TraceHeader } from '@underdock/trace';
import type { CDPSession } from 'playwright-core';

/** Notes when a page's websocket brings each act of the kernel: by Chromium's own clock, which is CLOCK_MONOTONIC. */
export class Arrivals {
  readonly #devtools: CDPSession;
  /** Ms of CLOCK_MONOTONIC at a run's `at` = 0. */
  readonly #origins = new Map<string, number>();
  /** From an act's instant to its arrival. */
  readonly delaysMs: number[] = [];

  constructor(devtools: CDPSession) {
    this.#devtools = devtools;
  }

  async listen(): Promise<void> {
    await this.#devtools.send('Network.enable');
    this.#devtools.on('Network.webSocketFrameReceived', ({ timestamp, response }) =>
      this.#frame(timestamp * 1000, response.payloadData),
    );
  }

  /** A socket.io event is `42["name",message]`, after engine.io’s and socket.io’s packet types. */
  #frame(nowMs: number, text: string): void {
    if (!text.startsWith('42[')) return;
    const [name, message] = JSON.parse(text.slice(2)) as [string, { run: string }];
    if (name === 'header') {
      const { header } = message as unknown as { header: TraceHeader };
      this.#origins.set(message.run, Number(header.clock.monotonicNs) / 1e6);
    }
    const origin = this.#origins.get(message.run);
    if (name !== 'events' || origin === undefined) return;
    for (const event of (message as unknown as { events: TraceEvent[] }).events)
      if (event.layer === 'kernel' && event.grade === 'observed')
        this.delaysMs.push(nowMs - origin - event.at);
  }
}
