import type { WatcherState } from '@underdock/trace';
import type { FoundProgram } from '../daemons/findDaemons.ts';
import { ProgramFinder } from '../daemons/programFinder.ts';
import { CallsProbe, nowMs } from '../probe/callsProbe.ts';
import { ProbeError } from '../probe/error.ts';
import { FanOut } from '../probe/fanOut.ts';
import { Restarts } from '../probe/restarts.ts';
import { CLIENTS, DAEMONS, PROGRAMS } from './callRoles.ts';
import { type CallTargets, openTargets, type WatchedProgram } from './callTargets.ts';
import type { Follower, Watcher } from './watcher.ts';

/** What the watcher of calls needs to know. */
export interface CallsWatchOptions {
  agentPid: number;
  /** Told when the watcher comes or goes after `start`. */
  onState?: (state: WatcherState) => void;
  /** What there is to watch: by default this host’s daemons and Docker’s clients. Asked once a second. */
  look?: () => Promise<FoundProgram[]>;
}

const NAME = 'bpftrace-calls';
const LOOK_EVERY_MS = 1000;
/** A replaced probe is kept this long for calls that it has seen begin. */
const RETIRED_MS = 60_000;

interface Generation {
  probe: CallsProbe;
  /** The instant up to which it has told everything. */
  clock: number;
  /** When another took its place. */
  retiredAt?: number;
}

/**
 * Watches the calls between client, engine, containerd and shim, by a bpftrace of its own on the programs of this host:
 * attached once and kept. Another build of a program that appears is attached to by a new probe before the old one goes.
 */
export class CallsWatch implements Watcher {
  readonly layer = 'engine';
  readonly name = NAME;
  state: WatcherState = { layer: 'engine', name: NAME, state: 'missing', why: 'not started' };
  /** What was found, and what of it can be seen. */
  programs: readonly WatchedProgram[] = [];
  #options: CallsWatchOptions;
  #look: () => Promise<FoundProgram[]>;
  #out = new FanOut();
  #current: Generation | undefined;
  #retired = new Set<Generation>();
  #told = 0;
  #restarts = new Restarts();
  /** A host on which programs come and go all the time must not be slowed by attaching. */
  #attachments = new Restarts(10);
  #timer: NodeJS.Timeout | undefined;
  #busy: Promise<void> = Promise.resolve();
  #stopped = false;
  constructor(options: CallsWatchOptions) {
    this.#options = options;
    const finder = new ProgramFinder({ names: PROGRAMS, clients: CLIENTS });
    this.#look = options.look ?? (() => finder.look());
  }

  async start(): Promise<WatcherState> {
    if (process.getuid?.() !== 0) {
      this.state = missing('bpftrace needs root: start underdock with sudo');
      return this.state;
    }
    await this.#attend();
    const again = () => {
      if (this.#stopped) return;
      this.#busy = this.#attend();
      void this.#busy.then(() => this.#schedule(again));
    };
    this.#schedule(again);
    return this.state;
  }

  #schedule(again: () => void): void {
    if (!this.#stopped) this.#timer = setTimeout(again, LOOK_EVERY_MS).unref();
  }

  // Never rejects: what goes wrong here becomes the watcher’s state.
  async #attend(): Promise<void> {
    try {
      const found = await this.#look();
      const known = new Set(this.programs.map(({ inode }) => inode));
      const changed = found.some(({ inode }) => !known.has(inode)) || (known.size === 0 && !this.#current);
      if (changed && this.#attachments.next(nowMs())) await this.#attach(found);
      await this.#sweep();
    } catch (error) {
      this.#become(missing(probeError(error).message));
    }
  }

  async #attach(found: readonly FoundProgram[]): Promise<void> {
    const opened = await openTargets(found);
    try {
      const seen = new Set(this.programs.filter(({ kinds }) => kinds.length > 0).map(({ inode }) => inode));
      const fresh = opened.programs.some(({ inode, kinds }) => kinds.length > 0 && !seen.has(inode));
      if (opened.targets.length > 0 && (fresh || !this.#current)) await this.#startProbe(opened);
      this.programs = opened.programs;
      this.#become(this.#current ? working(opened.programs) : missing(nothingToWatch(opened.programs)));
    } catch (error) {
      this.programs = opened.programs;
      this.#failed(probeError(error));
    } finally {
      await opened.close();
    }
  }

  async #startProbe({ targets }: CallTargets): Promise<void> {
    const before = this.#current;
    const generation: Partial<Generation> = {};
    const probe = await CallsProbe.start({
      targets,
      agentPid: this.#options.agentPid,
      emit: (record) => this.#out.push(record),
      onClock: (at) => this.#tick(generation as Generation, at),
      onLost: (count, why) =>
        this.#out.push({ kind: 'lost', at: nowMs(), layer: 'engine', name: NAME, count, why }),
      onEnd: (error) => this.#ended(generation as Generation, error),
    });
    if (this.#stopped) return probe.stop();
    const at = nowMs();
    this.#current = Object.assign(generation, { probe, clock: at });
    probe.begin(before ? at : 0);
    if (!before) return;
    before.probe.retire(at);
    before.retiredAt = at;
    // One is enough: each takes its memory.
    const older = [...this.#retired];
    this.#retired = new Set([before]);
    await Promise.all(older.map((one) => one.probe.stop()));
  }

  // Nothing older will come from any of them.
  #tick(generation: Generation, at: number): void {
    if (!generation.probe) return;
    generation.clock = at;
    const least = Math.min(...this.#all().map(({ clock }) => clock));
    if (least <= this.#told) return;
    this.#told = least;
    this.#out.push({ kind: 'clock', at: least, source: NAME });
  }

  async #sweep(): Promise<void> {
    const now = nowMs();
    for (const old of this.#retired) {
      const since = old.retiredAt ?? now;
      if ((old.clock <= since || old.probe.busy) && now - since < RETIRED_MS) continue;
      this.#retired.delete(old);
      await old.probe.stop();
    }
  }

  #ended(generation: Generation, error: ProbeError): void {
    this.#retired.delete(generation);
    if (generation !== this.#current) return;
    this.#current = undefined;
    this.#out.release();
    this.#failed(error);
  }

  // What is watched already stays so; what is new is tried again with the next look, unless that failed too often.
  #failed(error: ProbeError): void {
    const again = this.#restarts.next(nowMs());
    const what = again ? 'it is started again' : 'it ended too often to be started again';
    if (!this.#current) this.#become(missing(`${error.message}: calls are not seen now; ${what}`));
    if (again) this.programs = [];
  }

  #become(state: WatcherState): void {
    if (state.state === this.state.state && state.why === this.state.why) return;
    this.state = state;
    const { why = 'bpftrace watches calls' } = state;
    this.#out.push({
      kind: 'watcher',
      at: nowMs(),
      layer: 'engine',
      name: NAME,
      state: state.state === 'ok' ? 'ok' : 'missing',
      why,
    });
    this.#options.onState?.(state);
  }

  /** The processes of bpftrace, as a rule one. */
  get probePids(): number[] {
    return this.#all().flatMap(({ probe }) => probe.pid ?? []);
  }

  #all(): Generation[] {
    return [...(this.#current ? [this.#current] : []), ...this.#retired];
  }

  follow(originNs: bigint, follower: Follower): () => void {
    return this.#out.follow(originNs, follower);
  }

  async settle(timeoutMs = 2000): Promise<boolean> {
    return this.#current ? this.#out.settle(nowMs(), timeoutMs) : true;
  }

  async stop(): Promise<void> {
    this.#stopped = true;
    clearTimeout(this.#timer);
    await this.#busy;
    this.#out.release();
    const all = this.#all();
    this.#current = undefined;
    this.#retired.clear();
    await Promise.all(all.map(({ probe }) => probe.stop()));
  }
}

function missing(why: string): WatcherState {
  return { layer: 'engine', name: NAME, state: 'missing', why };
}

// A client that can't be probed is no news: a daemon that can't be is a gap in every run.
function working(programs: readonly WatchedProgram[]): WatcherState {
  const gaps = programs.filter(({ name, why }) => why && DAEMONS.has(name)).map(({ why }) => why);
  if (process.arch === 'arm64') gaps.unshift('this probe is not yet verified on arm64');
  return { layer: 'engine', name: NAME, state: 'ok', ...(gaps.length > 0 ? { why: gaps.join('; ') } : {}) };
}

function nothingToWatch(programs: readonly WatchedProgram[]): string {
  const reasons = programs.flatMap(({ why }) => why ?? []);
  if (reasons.length > 0) return reasons.join('; ');
  return 'no dockerd, containerd or docker client was found: install an engine, or start it';
}

function probeError(error: unknown): ProbeError {
  if (error instanceof ProbeError) return error;
  return new ProbeError('ended', `bpftrace could not be started: ${String(error)}`, { cause: error });
}
