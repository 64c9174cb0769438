import { type ChildProcess, spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { RunRequest, RunSummary, TraceEvent, TraceHeader } from '@underdock/trace';
import { createRedactor } from '../../apps/agent/src/run/redact.ts';
import type { Run, Runs } from '../../apps/agent/src/run/runs.ts';
import { createTraceWriter, listTraces, traceFile, traceFolder } from '../../apps/agent/src/run/store.ts';

type Batch = (events: readonly TraceEvent[], closed: boolean) => void;
type Output = (stream: 'stdout' | 'stderr', bytes: Uint8Array) => void;

/** Runs the command as a plain process of this machine, with the trace that a run of this shape has: no container at all. */
export class PlainRun implements Run {
  readonly id = randomBytes(6).toString('hex');
  readonly header: TraceHeader;
  readonly events: TraceEvent[] = [];
  readonly done: Run['done'];
  readonly file: string;
  readonly origin: string;
  readonly sizes: string[] = [];
  closed = false;
  state: RunSummary['state'] = 'preparing';
  #request: RunRequest;
  #exitCode: number | undefined;
  #child: ChildProcess | undefined;
  #hasSpawned: (child: ChildProcess) => void = () => {};
  #spawned = new Promise<ChildProcess>((resolve) => {
    this.#hasSpawned = resolve;
  });
  #killedBy: NodeJS.Signals | undefined;
  #listeners = new Set<Batch>();
  #outputs = new Set<Output>();
  #writer: ReturnType<typeof createTraceWriter>;
  #redactor: ReturnType<typeof createRedactor>;
  #changed: () => void;
  #release: () => void = () => {};

  constructor(request: RunRequest, origin: string, folder: string, changed: () => void) {
    this.#request = request;
    this.#changed = changed;
    this.origin = origin;
    this.file = join(folder, `${this.id}.chain`);
    this.#redactor = createRedactor(request);
    this.header = this.#redactor.header({
      underdock: 1,
      id: this.id,
      title: request.image,
      via: 'embedded',
      command: ['underdock', 'run', request.image, ...request.command],
      startedAt: new Date().toISOString(),
      clock: { monotonicNs: '1', wallMs: Date.now() },
      host: { kernel: '6', arch: 'x86_64', cgroup: 'v2', root: true, versions: {} },
      watchers: [],
      redacted: [],
    });
    this.#writer = createTraceWriter(this.file, this.header);
    this.done = this.#run();
  }

  emit(...parts: Partial<TraceEvent>[]): void {
    const batch = parts.map((part, index) =>
      this.#redactor.event({
        seq: this.events.length + 1 + index,
        at: this.events.length + index,
        type: 'log',
        step: 'process/output',
        layer: 'process',
        actor: { name: 'plain' },
        data: {},
        evidence: [],
        grade: 'observed',
        ...part,
      }),
    );
    this.events.push(...batch);
    this.#writer.append(batch);
    for (const listener of this.#listeners) listener(batch, false);
  }

  summary(): RunSummary {
    const { id, header, events, state } = this;
    const { title, via, command, startedAt } = header;
    const { tty, interactive } = this.#request;
    const more = { container: `c${id}`, ...(this.#exitCode !== undefined && { exitCode: this.#exitCode }) };
    return { id, title, via, command, startedAt, state, events: events.length, tty, interactive, ...more };
  }

  subscribe(listener: Batch): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  attach(listener: Output): () => void {
    this.#outputs.add(listener);
    return () => this.#outputs.delete(listener);
  }

  async input(bytes: Uint8Array): Promise<void> {
    const child = await this.#spawned;
    await new Promise<void>((resolve) => void child.stdin?.write(bytes, () => resolve()));
  }

  endInput(): void {
    void this.#spawned.then((child) => child.stdin?.end());
  }

  resize(cols: number, rows: number): void {
    this.sizes.push(`${cols}x${rows}`);
  }

  release(): void {
    this.#release();
  }

  async stop(options: { signal?: string; graceMs?: number } = {}): Promise<void> {
    this.#killedBy = (options.signal ?? 'SIGTERM') as NodeJS.Signals;
    this.#child?.kill(this.#killedBy);
    this.#release();
    await this.done;
  }

  async remove(): Promise<void> {
    await this.stop({ signal: 'SIGKILL' });
  }

  async #run(): Promise<{ exitCode: number; error?: { code: string; message: string } }> {
    this.emit({
      type: 'begin',
      step: 'client/run',
      layer: 'client',
      span: 's1',
      data: { image: this.#request.image },
    });
    if (this.#request.hold) {
      this.#become('held');
      const hold = { step: 'engine/hold', layer: 'engine', span: 's2' } as const;
      const released = new Promise<void>((resolve) => {
        this.#release = resolve;
      });
      this.emit({ ...hold, type: 'begin' });
      await released;
      this.emit({ ...hold, type: 'end' });
    } else await new Promise((resolve) => setTimeout(resolve, 20));
    const outcome = await this.#spawn();
    this.#exitCode = outcome.exitCode;
    this.emit({
      type: 'end',
      step: 'client/run',
      layer: 'client',
      span: 's1',
      data: { exitCode: outcome.exitCode },
    });
    this.closed = true;
    this.#writer.close();
    for (const listener of this.#listeners) listener([], true);
    this.#become('finished');
    return outcome;
  }

  #spawn(): Promise<{ exitCode: number; error?: { code: string; message: string } }> {
    const [file = 'true', ...args] = this.#request.command;
    const env = Object.fromEntries(this.#request.env.map((one) => one.split(/=(.*)/s).slice(0, 2)));
    const child = spawn(file, args, { stdio: 'pipe', env: { PATH: process.env.PATH, ...env } });
    this.#child = child;
    this.#hasSpawned(child);
    if (this.#killedBy) child.kill(this.#killedBy);
    if (!this.#request.interactive) child.stdin.end();
    child.stdin.on('error', () => {});
    this.#become('running');
    for (const stream of ['stdout', 'stderr'] as const) {
      child[stream].on('data', (bytes: Buffer) => {
        for (const output of this.#outputs) output(stream, bytes);
        this.emit({ data: { stream, base64: bytes.toString('base64') } });
      });
    }
    return new Promise((resolve) => {
      child.on('error', (error) =>
        resolve({ exitCode: 127, error: { code: 'no-such-command', message: error.message } }),
      );
      child.on('close', (code, signal) => resolve({ exitCode: code ?? (signal === 'SIGKILL' ? 137 : 143) }));
    });
  }

  #become(state: RunSummary['state']): void {
    this.state = state;
    this.#changed();
  }
}

/** Runs of plain processes. The image `missing` can't be started. */
export function createPlainRuns(stateDir: string): Runs & { all: Map<string, PlainRun> } {
  const all = new Map<string, PlainRun>();
  const listeners = new Set<() => void>();
  const folder = traceFolder(stateDir);
  mkdirSync(folder, { recursive: true });
  writeFileSync(join(folder, 'README'), 'not a trace');
  const changed = () => {
    for (const listener of listeners) listener();
  };
  return {
    all,
    async start(request, origin) {
      if (request.image === 'missing') {
        throw Object.assign(new Error('there is no image missing'), {
          code: 'image-not-found',
          remedy: 'check its name',
        });
      }
      if (request.image === 'mistake') throw new TypeError('x is not a function');
      const run = new PlainRun(request, origin, folder, changed);
      all.set(run.id, run);
      changed();
      return run;
    },
    get: (id) => all.get(id),
    list: () => [...all.values()].map((run) => run.summary()),
    watching: false,
    async watchHost() {},
    onChange(listener) {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    async remove(id) {
      if (!all.has(id)) throw Object.assign(new Error('there is no such run'), { code: 'no-such-run' });
      await all.get(id)?.remove();
      all.delete(id);
      changed();
    },
    forget(id) {
      all.delete(id);
      changed();
    },
    traces: () => listTraces(folder),
    traceFile: (id) => traceFile(folder, id),
    async close() {
      await Promise.all([...all.values()].map((run) => run.stop({ signal: 'SIGKILL' })));
    },
  };
}
