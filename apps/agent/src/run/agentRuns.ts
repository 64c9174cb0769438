import { randomBytes } from 'node:crypto';
import { rmSync } from 'node:fs';
import { join } from 'node:path';
import type { HostDescription, RunRequest, RunSummary } from '@underdock/trace';
import type { Found, Weave, WeaveOptions } from '@underdock/weave';
import type { ReadBack } from '../layers/6-process/readBack.ts';
import type { KernelWatch } from '../layers/watcher.ts';
import { isDescribed } from '../library/traceNotes.ts';
import { checkCapabilities } from '../via/capabilityFreedom.ts';
import type { EngineLook } from '../via/docker/look.ts';
import type { Via } from '../via/via.ts';
import { RunError } from './error.ts';
import { type FoundSurroundings, openFoundRun } from './foundRun.ts';
import { cgroupControllers, hostNamespaces } from './host.ts';
import { startRun } from './liveRun.ts';
import { openRecording, type Recording } from './recording.ts';
import { createRedactor } from './redact.ts';
import type { FoundSink, Relay } from './relay.ts';
import type { Run, Runs } from './runs.ts';
import { listTraces, traceFile, traceFolder } from './store.ts';

/** So many runs may be under way at once. */
export const MOST_RUNNING = 32;
/** So many finished runs stay in memory; the traces of older ones are on disk. */
export const MOST_FINISHED = 40;
/** So many runs of others are watched at once, and of so many that are over the traces are kept on disk. */
export const MOST_FOUND = 256;
export const MOST_FOUND_TRACES = 1000;
/** A run from the page is stopped after this long. */
export const PAGE_LIMIT_MS = 2 * 60 * 60 * 1000;

/** What the runs of an agent are made of. */
export interface RunsOptions {
  stateDir: string;
  /** Host folders that bind mounts may come from; empty = none. */
  allowedMounts: string[];
  /** Full names of capabilities that `--cap-add` may give beyond what stays in a container; ALL = any. */
  allowedCapabilities?: readonly string[];
  vias: readonly Via[];
  host: HostDescription;
  createWeave: (options: WeaveOptions) => Weave;
  relay?: Relay;
  /** Started already. It is not stopped by `close`: whoever started it does that. */
  watch: KernelWatch;
  look: ReadBack;
  engineLook: EngineLook;
  /** Removes what earlier agents kept under a run's id; resolves with false when there is nothing of that id. */
  removeKept?: (run: string) => Promise<boolean>;
  mostRunning?: number;
  pageLimitMs?: number;
}

/** All runs of this agent. */
export function createRuns(options: RunsOptions): Runs {
  return new AgentRuns(options);
}

class AgentRuns implements Runs {
  #options: RunsOptions;
  #runs = new Map<string, Run>();
  #listeners = new Set<() => void>();
  #deadlines = new Map<string, NodeJS.Timeout>();
  #closing = false;
  #unwatch: (() => void) | undefined;
  readonly #foundTraces: string[] = [];

  constructor(options: RunsOptions) {
    this.#options = options;
  }

  async start(request: RunRequest, origin: 'cli' | 'page' | 'http'): Promise<Run> {
    const via = this.#viaFor(request);
    this.#checkCapabilities(request, via);
    await via.check?.(request, this.#options.allowedMounts);
    if (via.relayed) await this.#options.relay?.begin();
    this.#admit();
    const id = randomBytes(6).toString('hex');
    const limitMs = origin === 'page' ? (this.#options.pageLimitMs ?? PAGE_LIMIT_MS) : undefined;
    const run = startRun(
      {
        id,
        file: join(traceFolder(this.#options.stateDir), `${id}.chain`),
        request,
        via,
        ...(limitMs ? { deadline: new Date(Date.now() + limitMs).toISOString() } : {}),
      },
      { ...this.#options, outside: outsideView(), createRedactor, changed: () => this.#changed() },
    );
    this.#runs.set(id, run);
    if (limitMs) this.#deadlines.set(id, setTimeout(() => void stopped(run), limitMs).unref());
    void run.done.then(() => this.#finished(id));
    this.#changed();
    return run;
  }

  get(id: string): Run | undefined {
    return this.#runs.get(id);
  }

  list(): RunSummary[] {
    return [...this.#runs.values()].map((run) => run.summary()).reverse();
  }

  onChange(listener: () => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  async remove(id: string): Promise<void> {
    const run = this.#runs.get(id);
    if (run) await run.remove();
    const kept = await this.#options.removeKept?.(id);
    if (!run && !kept) throw noSuchRun(id);
    this.#runs.delete(id);
    this.#changed();
  }

  forget(id: string): void {
    if (this.#runs.get(id)?.closed !== true) return;
    this.#runs.delete(id);
    this.#changed();
  }

  get watching(): boolean {
    return this.#unwatch !== undefined;
  }

  async watchHost(on: boolean): Promise<void> {
    const { relay, watch } = this.#options;
    if (on && (!relay || watch.state.name !== 'bpftrace' || watch.state.state === 'missing')) {
      throw notWatching(watch.state.why ?? 'there is no probe');
    }
    if (on) await relay?.begin();
    if (on && relay && !this.#closing) this.#unwatch ??= relay.watch((found) => this.#found(found));
    if (!on) this.#unwatch?.();
    if (!on) this.#unwatch = undefined;
    this.#changed();
  }

  async record(command: readonly string[]): Promise<Recording> {
    const { relay, watch } = this.#options;
    this.#admit();
    if (!relay) throw notWatching('nothing watches engines here');
    await relay.begin();
    // strace sees nothing of an engine, but the command that it stands in front of it does see.
    const watchers = relay.states.map((state) => (state.name === 'strace' ? watch.state : state));
    const recording = openRecording(command, relay, { ...this.#surroundings(), watchers });
    const { id } = recording.run;
    this.#runs.set(id, recording.run);
    void recording.run.done.then(() => this.#finished(id));
    this.#changed();
    return recording;
  }

  traces(): Promise<{ id: string; title: string; startedAt: string; bytes: number }[]> {
    return listTraces(traceFolder(this.#options.stateDir));
  }

  traceFile(id: string): Promise<string | undefined> {
    return traceFile(traceFolder(this.#options.stateDir), id);
  }

  async close(): Promise<void> {
    this.#closing = true;
    for (const timer of this.#deadlines.values()) clearTimeout(timer);
    this.#unwatch?.();
    const live = [...this.#runs.values()].filter((run) => !run.closed);
    await Promise.all(live.map(stopped));
    this.#listeners.clear();
  }

  #found(found: Found): FoundSink | undefined {
    if (this.#closing || !this.#options.relay) return undefined;
    const open = [...this.#runs.values()].filter((run) => run.header.via === 'watch' && !run.closed);
    if (open.length >= MOST_FOUND) return undefined;
    const around = this.#surroundings();
    const { id, file } = around;
    const run = openFoundRun(found, { ...around, watchers: this.#options.relay.states });
    this.#runs.set(id, run);
    void run.done.then(() => {
      this.#finished(id);
      this.#foundTraces.push(file);
      const oldest = this.#foundTraces.length > MOST_FOUND_TRACES ? this.#foundTraces.shift() : undefined;
      // Whoever asks every second for the list of containers would fill the disk.
      if (oldest && !isDescribed(oldest)) rmSync(oldest, { force: true });
    });
    this.#changed();
    return run.sink;
  }

  /** Without root, and no daemon of root's asked, a container has no more than its user has. */
  #checkCapabilities({ capAdd, network }: RunRequest, via: Via): void {
    const { allowedMounts, host, allowedCapabilities: allowed = [] } = this.#options;
    if (allowedMounts.includes('/') || !(host.root || via.relayed)) return;
    checkCapabilities(capAdd, { allowed, hostNetwork: network === 'host' });
  }

  #surroundings(): Omit<FoundSurroundings, 'watchers'> {
    const id = randomBytes(6).toString('hex');
    const { host, createWeave, look, engineLook, stateDir } = this.#options;
    const file = join(traceFolder(stateDir), `${id}.chain`);
    const outside = outsideView();
    return { id, file, host, createWeave, look, engineLook, outside, changed: () => this.#changed() };
  }

  #viaFor(request: RunRequest): Via {
    const isBundle = request.bundle !== undefined || request.config !== undefined;
    const name = request.via ?? (isBundle ? 'oci' : this.#options.vias[0]?.name);
    if (isBundle && name !== 'oci') {
      throw new RunError('bad-flag', `the way in ${name} takes no bundle and no config.json`, {
        remedy: 'take --via oci, where underdock is all there is above the runtime',
      });
    }
    const via = this.#options.vias.find((one) => one.name === name);
    if (via) return via;
    const there = this.#options.vias.map((one) => one.name).join(', ');
    throw new RunError('via-unknown', `the way in ${name} is not available here`, {
      remedy: `choose one of: ${there}`,
    });
  }

  #admit(): void {
    if (this.#closing) {
      throw new RunError('closing', 'underdock is shutting down', { remedy: 'start it again, then run' });
    }
    const running = [...this.#runs.values()].filter((run) => !run.closed && run.header.via !== 'watch');
    const most = this.#options.mostRunning ?? MOST_RUNNING;
    if (running.length >= most) {
      throw new RunError('too-many-runs', `${running.length} runs are under way, which is the limit`, {
        remedy: 'wait for one to end, or stop one',
      });
    }
  }

  #finished(id: string): void {
    clearTimeout(this.#deadlines.get(id));
    this.#deadlines.delete(id);
    // What others type on a busy host must not push out what one has run oneself.
    for (const isFound of [false, true]) {
      const closed = [...this.#runs.values()].filter(
        (run) => run.closed && (run.header.via === 'watch') === isFound,
      );
      for (const run of closed.slice(0, Math.max(0, closed.length - MOST_FINISHED)))
        this.#runs.delete(run.id);
    }
    this.#changed();
  }

  #changed(): void {
    for (const listener of [...this.#listeners]) listener();
  }
}

/** A stop that the runtime refuses is told in the run's trace; one container that can't be stopped holds up no other. */
async function stopped(run: Run): Promise<void> {
  if (run.header.via === 'watch') return run.remove();
  try {
    await run.stop();
    await run.done;
  } catch {
    await run.stop({ graceMs: 0 }).catch(() => {});
  }
}

function outsideView() {
  return { hostNamespaces: hostNamespaces(), controllers: cgroupControllers() };
}

function notWatching(why: string): RunError {
  return new RunError('not-watching', `nothing can be watched here: ${why}`, {
    remedy: 'underdock doctor says what is missing',
  });
}

function noSuchRun(id: string): RunError {
  return new RunError('no-such-run', `there is no run ${id}`, {
    remedy: 'look at the list of runs for its id',
  });
}
