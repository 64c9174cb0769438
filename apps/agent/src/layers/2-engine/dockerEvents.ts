import { setTimeout as pause } from 'node:timers/promises';
import type { WatcherState } from '@underdock/trace';
import type { EngineEventRecord } from '@underdock/weave';
import { FanOut } from '../../probe/fanOut.ts';
import type { Follower, Watcher } from '../watcher.ts';
import { type DockerEvent, readEvent } from './dockerEvent.ts';

/** An engine whose events can be followed. */
export interface EventSource {
  socket: string;
  pid?: number | undefined;
  /** Whether the engine’s process has ended: then it is no loss that its stream did. */
  isGone?: () => boolean;
  /** Opens `GET /events` (Docker Engine API): from `since`, and only up to `until` where given (seconds of Unix time). */
  open(range: { since?: string; until?: string }, signal: AbortSignal): Promise<AsyncIterable<Uint8Array>>;
}

/** What following is made with. */
export interface DockerEventsOptions {
  /** The engines that run on this host now; asked at the start and every few seconds. */
  find?: () => Promise<EventSource[]>;
  /** Time between two tries (ms). */
  againMs?: number;
}

const NAME = 'docker-events';
const AGAIN_MS = 1000;
/** So many events are remembered so that none is told twice: dockerd itself keeps 256. */
const REMEMBERED = 512;
/** No event is longer (characters): labels, which make them long, have their limits. */
const LONGEST_LINE = 1_000_000;
/** An engine that takes longer (ms) to say what has happened holds up nobody’s run. */
const CATCH_UP_MS = 1500;
const monotonicMs = () => Number(process.hrtime.bigint()) / 1e6;

/** Follows the event streams of Docker engines. An engine that was restarted is followed again, from where it broke off. */
export class DockerEvents implements Watcher {
  readonly layer = 'engine';
  readonly name = NAME;
  state: WatcherState = missing('no docker engine answers here');
  #options: DockerEventsOptions;
  #out = new FanOut();
  #streams = new Map<string, EventStream>();
  /** What is wrong with an engine’s stream by its socket; undefined where it is followed. */
  #faults = new Map<string, string | undefined>();
  #over = new AbortController();

  constructor(options: DockerEventsOptions = {}) {
    this.#options = options;
  }

  async start(): Promise<WatcherState> {
    // No engine, no gap: where one begins to run its events are followed.
    this.state = { layer: 'engine', name: NAME, state: 'ok' };
    if (this.#options.find) {
      await this.#look();
      void this.#keepLooking();
    }
    return this.state;
  }

  /** Follows one more engine, from now on. Resolves when its stream is open, or when it is clear that it can't be now. */
  async add(source: EventSource): Promise<void> {
    if (this.#streams.has(source.socket) || this.#over.signal.aborted) return;
    const stream = new EventStream(source, this.#over.signal, this.#options.againMs ?? AGAIN_MS, {
      event: (record) => this.#out.push(record),
      state: (why) => this.#changed(source, why),
    });
    this.#streams.set(source.socket, stream);
    void stream.ended.then(() => this.#forget(source));
    await stream.opened;
  }

  follow(originNs: bigint, follower: Follower): () => void {
    return this.#out.follow(originNs, follower);
  }

  /** What an engine that hangs did not say is declared as a gap: nothing else lags because of it. */
  async settle(timeoutMs = 2000): Promise<boolean> {
    await Promise.all([...this.#streams.values()].map((one) => one.catchUp(timeoutMs)));
    return true;
  }

  async stop(): Promise<void> {
    this.#over.abort();
    await Promise.all([...this.#streams.values()].map((one) => one.ended));
  }

  async #look(): Promise<void> {
    try {
      for (const source of (await this.#options.find?.()) ?? []) await this.add(source);
    } catch (error) {
      this.state = missing((error as Error).message);
    }
  }

  async #keepLooking(): Promise<void> {
    const { signal } = this.#over;
    const again = 5 * (this.#options.againMs ?? AGAIN_MS);
    while (!signal.aborted) {
      await pause(again, undefined, { signal, ref: false }).catch(() => {});
      if (!signal.aborted) await this.#look();
    }
  }

  #changed({ socket }: EventSource, why: string | undefined): void {
    const same = this.#faults.has(socket) && (this.#faults.get(socket) === undefined) === (why === undefined);
    this.#faults.set(socket, why);
    if (!same) this.#say(why ?? `follows the events of the engine at ${socket}`);
  }

  /** An engine that has ended is none whose events are missed. */
  #forget({ socket }: EventSource): void {
    this.#streams.delete(socket);
    const fault = this.#faults.get(socket);
    this.#faults.delete(socket);
    if (fault !== undefined && !this.#over.signal.aborted) this.#say(`the engine at ${socket} has ended`);
  }

  #say(why: string): void {
    const before = this.state;
    const fault = [...this.#faults.values()].find((one) => one !== undefined);
    this.state = fault === undefined ? { layer: 'engine', name: NAME, state: 'ok' } : missing(fault);
    const { state } = this.state;
    // One engine more that is followed is no news.
    if (state === before.state && state === 'ok') return;
    this.#out.push({ kind: 'watcher', layer: 'engine', name: NAME, state, why, at: monotonicMs() });
  }
}

function missing(why: string): WatcherState {
  return { layer: 'engine', name: NAME, state: 'missing', why };
}

interface Hears {
  event: (record: EngineEventRecord) => void;
  /** Undefined = it works. */
  state: (why: string | undefined) => void;
}

/** The event stream of one engine, opened again for as long as it is wanted. */
class EventStream {
  readonly opened: Promise<void>;
  readonly ended: Promise<void>;
  #source: EventSource;
  #over: AbortSignal;
  #hears: Hears;
  #told = new Set<string>();
  /** Of the newest event, seconds of Unix time with nine decimals. */
  #since = unixSeconds(Date.now());
  #isOpen: () => void = () => {};
  /** It did not answer when it was last asked, and has said nothing since. */
  #silent = false;

  constructor(source: EventSource, over: AbortSignal, againMs: number, hears: Hears) {
    this.#source = source;
    this.#over = over;
    this.#hears = hears;
    this.opened = new Promise((resolve) => {
      this.#isOpen = resolve;
    });
    this.ended = this.#follow(againMs);
  }

  /** Reads everything up to this instant, whether the open stream has brought it yet or not. Says when that fails. */
  async catchUp(timeoutMs: number): Promise<void> {
    if (this.#silent) return;
    const range = { since: this.#since, until: unixSeconds(Date.now()) };
    const late = AbortSignal.timeout(Math.min(timeoutMs, CATCH_UP_MS));
    const signal = AbortSignal.any([this.#over, late]);
    const given = new Promise<never>((_, reject) => {
      signal.addEventListener('abort', () => reject(signal.reason), { once: true });
    });
    given.catch(() => {});
    const read = this.#source.open(range, signal).then((stream) => this.#read(stream));
    try {
      await Promise.race([read, given]);
    } catch {
      read.catch(() => {});
      if (!late.aborted || this.#over.aborted) return;
      this.#silent = true;
      this.#hears.state(
        `the engine at ${this.#source.socket} does not say what has happened: its events are missing`,
      );
    }
  }

  #answers(): void {
    this.#silent = false;
    this.#hears.state(undefined);
  }

  async #follow(againMs: number): Promise<void> {
    while (!this.#over.aborted) {
      let why = 'the engine has closed it';
      try {
        const stream = await this.#source.open({ since: this.#since }, this.#over);
        this.#answers();
        this.#isOpen();
        await this.#read(stream);
      } catch (error) {
        why = (error as Error).message;
      }
      if (this.#over.aborted) return;
      if (this.#source.isGone?.()) return this.#isOpen();
      this.#hears.state(`the event stream of the engine at ${this.#source.socket} is broken: ${why}`);
      this.#isOpen();
      await pause(againMs, undefined, { signal: this.#over, ref: false }).catch(() => {});
    }
  }

  async #read(stream: AsyncIterable<Uint8Array>): Promise<void> {
    let rest = '';
    const decoder = new TextDecoder();
    for await (const chunk of stream) {
      const lines = (rest + decoder.decode(chunk, { stream: true })).split('\n');
      rest = lines.pop() ?? '';
      if (rest.length > LONGEST_LINE) throw new Error('it sends a line without end');
      for (const line of lines) if (line.trim()) this.#take(JSON.parse(line) as DockerEvent);
    }
  }

  #take(event: DockerEvent): void {
    if (!(event.timeNano > 0)) throw new Error('it sends an event without an instant');
    if (this.#silent) this.#answers();
    const key = `${event.timeNano} ${event.Type} ${event.Action} ${event.Actor?.ID}`;
    if (this.#told.has(key)) return;
    this.#told.add(key);
    for (const old of this.#told) {
      if (this.#told.size <= REMEMBERED) break;
      this.#told.delete(old);
    }
    this.#since = unixSeconds(event.timeNano / 1e6);
    this.#hears.event(readEvent(event, this.#source.pid, { wallMs: Date.now(), monotonicMs: monotonicMs() }));
  }
}

/** As `since` and `until` are written: `1700000000.123000000`. */
function unixSeconds(wallMs: number): string {
  const ms = Math.floor(wallMs);
  return `${Math.floor(ms / 1000)}.${String(ms % 1000).padStart(3, '0')}000000`;
}
