import { readFile } from 'node:fs/promises';
import type { WatcherState } from '@underdock/trace';
import { type Bond, startBond } from '../../probe/bond.ts';
import { readHierarchies, readMountinfo } from '../../probe/cgroupMounts.ts';
import { ProbeError } from '../../probe/error.ts';
import { FanOut } from '../../probe/fanOut.ts';
import { LostCount } from '../../probe/lostCount.ts';
import { checkStrace, type Straced, straced } from '../../probe/strace.ts';
import { type Hierarchy, StraceDecoder } from '../../probe/straceDecode.ts';
import type { Follower, KernelWatch } from '../watcher.ts';

const TICK_MS = 50;
/** How long a line may be under way from strace to us. */
const DELAY_MS = 60;

/** Puts strace in front of each command that underdock starts. Needs no root, and sees no OOM killer. */
export class StraceWatch implements KernelWatch {
  readonly layer = 'kernel';
  readonly name = 'strace';
  state: WatcherState = { layer: 'kernel', name: 'strace', state: 'missing', why: 'not started' };
  /** Why there is no bpftrace: part of what is said about this watcher. */
  #instead: string;
  #out = new FanOut();
  #lost = new LostCount();
  #hierarchies: Hierarchy[] = [];
  #running = new Set<Straced>();
  #timer: NodeJS.Timeout | undefined;
  #bond: Bond | undefined;
  constructor(instead: string) {
    this.#instead = instead;
  }

  async start(): Promise<WatcherState> {
    try {
      await checkStrace();
      this.#hierarchies = await readHere();
      const why = `strace stands in for bpftrace (${this.#instead}): it slows what it watches and sees no OOM kill`;
      this.state = { layer: 'kernel', name: 'strace', state: 'ok', why };
      this.#timer = setInterval(() => this.#tick(), TICK_MS);
    } catch (error) {
      if (!(error instanceof ProbeError)) throw error;
      const why = `${this.#instead}; ${error.message}`;
      this.state = { layer: 'kernel', name: 'none', state: 'missing', why };
    }
    return this.state;
  }

  #tick(): void {
    for (const { count, why } of this.#lost.take())
      this.#out.push({ kind: 'lost', at: nowMs() - DELAY_MS, layer: 'kernel', name: 'strace', count, why });
    this.#out.push({ kind: 'clock', at: nowMs() - DELAY_MS, source: 'strace' });
  }

  wrap(argv: readonly string[]): string[] {
    if (this.state.state !== 'ok') return [...argv];
    const offsetMs = wallOffsetMs();
    const decoder = new StraceDecoder({
      emit: (record) => this.#out.push(record),
      toMonotonic: (wallMs) => wallMs - offsetMs,
      hierarchies: this.#hierarchies,
    });
    const onLine = (line: string) => {
      this.#lost.attempt(() => decoder.line(line));
      if (decoder.ended) this.#close(wrapped);
    };
    this.#bond ??= startBond();
    const wrapped = straced(argv, onLine, this.#bond);
    this.#running.add(wrapped);
    return wrapped.argv;
  }

  #close(wrapped: Straced): void {
    this.#running.delete(wrapped);
    wrapped.close();
  }

  follow(originNs: bigint, follower: Follower): () => void {
    return this.#out.follow(originNs, follower);
  }

  async settle(timeoutMs = 2000): Promise<boolean> {
    return this.#timer ? this.#out.settle(nowMs(), timeoutMs) : true;
  }

  async stop(): Promise<void> {
    clearInterval(this.#timer);
    this.#timer = undefined;
    this.#out.release();
    for (const wrapped of this.#running) this.#close(wrapped);
    this.#bond?.release();
    this.#bond = undefined;
  }
}

async function readHere(): Promise<Hierarchy[]> {
  const mounts = readMountinfo(await readFile('/proc/self/mountinfo', 'utf8'));
  const hierarchies: Hierarchy[] = [];
  for (const [id, controllers] of readHierarchies(await readFile('/proc/self/cgroup', 'utf8'))) {
    const [first] = controllers;
    const mount = mounts.find(({ fstype, superOptions }) =>
      first === undefined ? fstype === 'cgroup2' : fstype === 'cgroup' && superOptions.includes(first),
    );
    if (mount) hierarchies.push({ id, controllers, mountPoint: mount.mountPoint });
  }
  return hierarchies;
}

function nowMs(): number {
  return Number(process.hrtime.bigint()) / 1e6;
}

// The wall clock ticks in whole ms here: it is read where it turns over, which takes at most one of them.
function wallOffsetMs(): number {
  const before = Date.now();
  let wall = before;
  while (wall === before) wall = Date.now();
  return wall - nowMs();
}
