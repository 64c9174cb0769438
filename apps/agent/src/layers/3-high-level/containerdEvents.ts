import { setTimeout as pause } from 'node:timers/promises';
import type { WatcherState } from '@underdock/trace';
import type { EngineEventRecord } from '@underdock/weave';
import { findDaemons, listeningSockets } from '../../daemons/findDaemons.ts';
import { FanOut } from '../../probe/fanOut.ts';
import { readStat } from '../../processes.ts';
import type { Follower, Watcher } from '../watcher.ts';

/** A containerd that runs, and the socket on which it serves gRPC. */
export interface ContainerdPlace {
  pid: number;
  socket: string;
}

/** Its events as they come, their instants in ms of CLOCK_MONOTONIC. Ends or throws when the daemon goes away. */
export type Subscribe = (place: ContainerdPlace, signal: AbortSignal) => AsyncIterable<EngineEventRecord>;

export interface ContainerdEventsOptions {
  subscribe: Subscribe;
  /** The containerds of this host and the socket of each; by default found by their processes. */
  find?: () => Promise<ContainerdPlace[]>;
  /** Time between two looks (ms). */
  againMs?: number;
}

const NAME = 'containerd-events';
const AGAIN_MS = 5000;
const monotonicMs = () => Number(process.hrtime.bigint()) / 1e6;

/** Follows the event streams of all containerds that run on this host, in every namespace. */
export class ContainerdEvents implements Watcher {
  readonly layer = 'high-level';
  readonly name = NAME;
  // No containerd, no gap: where one begins to run its events are followed.
  state: WatcherState = { layer: 'high-level', name: NAME, state: 'ok' };
  readonly #options: ContainerdEventsOptions;
  readonly #out = new FanOut();
  readonly #followed = new Map<number, Promise<void>>();
  /** The containerds whose streams were said to be broken. */
  readonly #broken = new Set<number>();
  readonly #over = new AbortController();
  #begun = false;

  constructor(options: ContainerdEventsOptions) {
    this.#options = options;
  }

  async start(): Promise<WatcherState> {
    this.#begun = true;
    await this.#look();
    void this.#keepLooking();
    return this.state;
  }

  follow(originNs: bigint, follower: Follower): () => void {
    return this.#out.follow(originNs, follower);
  }

  /** A stream says nothing of how far it is: what is late is told late. */
  async settle(): Promise<boolean> {
    return true;
  }

  /** Looks for containerds at once: one has just been started. */
  async look(): Promise<void> {
    if (this.#begun && !this.#over.signal.aborted) await this.#look();
  }

  async stop(): Promise<void> {
    this.#over.abort();
    await Promise.all(this.#followed.values());
  }

  async #keepLooking(): Promise<void> {
    const { signal } = this.#over;
    while (!signal.aborted) {
      await pause(this.#options.againMs ?? AGAIN_MS, undefined, { signal, ref: false }).catch(() => {});
      if (!signal.aborted) await this.#look();
    }
  }

  async #look(): Promise<void> {
    // A look that fails, for want of descriptors say, is made again.
    const places = await (this.#options.find ?? findContainerds)().catch(() => []);
    for (const place of places) {
      if (this.#followed.has(place.pid)) continue;
      const over = this.#read(place).finally(() => this.#followed.delete(place.pid));
      this.#followed.set(place.pid, over);
    }
  }

  /** Until the stream ends; the next look begins again where the daemon still runs. */
  async #read(place: ContainerdPlace): Promise<void> {
    const { pid, socket } = place;
    try {
      for await (const record of this.#options.subscribe(place, this.#over.signal)) {
        if (this.#broken.delete(pid)) this.#say('ok', `follows the events of containerd at ${socket} again`);
        this.#out.push(record);
      }
    } catch (error) {
      if (this.#over.signal.aborted || readStat(pid) === undefined) this.#broken.delete(pid);
      else if (!this.#broken.has(pid)) {
        this.#broken.add(pid);
        const why = `the event stream of containerd at ${socket} is broken: ${(error as Error).message}`;
        this.#say('missing', why);
      }
    }
  }

  #say(state: 'ok' | 'missing', why: string): void {
    const at = monotonicMs();
    this.#out.push({ kind: 'watcher', layer: 'high-level', name: NAME, state, why, at });
  }
}

/** containerd serves gRPC on one socket and ttrpc, debugging and metrics on others. */
async function findContainerds(): Promise<ContainerdPlace[]> {
  const found: ContainerdPlace[] = [];
  for (const { pid } of await findDaemons(new Set(['containerd']))) {
    if (pid === undefined) continue;
    const sockets = await listeningSockets(pid);
    const socket = sockets.find((path) => sockets.includes(`${path}.ttrpc`));
    if (socket) found.push({ pid, socket });
  }
  return found;
}
