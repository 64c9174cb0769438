import type { HostDescription, RunRequest, RunSummary, TraceEvent, TraceHeader } from '@underdock/trace';
import { FORMAT_VERSION } from '@underdock/trace';
import type { RawRecord, Weave, WeaveOptions } from '@underdock/weave';
import type { ReadBack } from '../layers/6-process/readBack.ts';
import type { KernelWatch } from '../layers/watcher.ts';
import type { ContainerOrders, Outcome, Via, ViaContext, ViaRun } from '../via/via.ts';
import { startClock, type TraceClock } from './clock.ts';
import { commandOf, optionsOf } from './commandLine.ts';
import { describeError } from './error.ts';
import { environmentOf } from './foundRun.ts';
import { filterGauges } from './gaugeFilter.ts';
import { type GrowingTrace, growTrace, type TraceListener } from './growingTrace.ts';
import { InitLook } from './initLook.ts';
import { KernelSeen } from './kernelSeen.ts';
import { createOutputLog, type OutputLog } from './outputLog.ts';
import type { Redactor } from './redact.ts';
import type { Joined, Relay } from './relay.ts';
import type { Run } from './runs.ts';
import { createTraceWriter } from './store.ts';
import type { Tell, Telling } from './tell.ts';
import { createTeller } from './teller.ts';

/** What surrounds a run: shared by all runs of an agent. */
export interface RunSurroundings {
  stateDir: string;
  allowedMounts: string[];
  host: HostDescription;
  outside: Omit<WeaveOptions, 'emit'>;
  createWeave: (options: WeaveOptions) => Weave;
  createRedactor: (request: RunRequest) => Redactor;
  watch: KernelWatch;
  /** What engines do for runs that are not underdock’s own work. */
  relay?: Relay;
  /** Looks at a container from outside; called when it waits for start, and once a second while it runs. */
  look: ReadBack;
  changed: () => void;
}

/** What a run is started with. */
export interface RunStart {
  id: string;
  file: string;
  request: RunRequest;
  via: Via;
  /** ISO instant at which the run will be stopped, for runs from the page. */
  deadline?: string;
}

/** How long a lagging watcher is waited for at a run’s end before the trace says that its last records are missing. */
const SETTLE_MS = 10_000;
/** A header's command has no more words (headerSchema): a thousand variables are two thousand words. */
const MOST_WORDS = 1000;

/** Starts a run: opens its trace and commands the way in. Throws StoreError when the trace can't be written. */
export function startRun(start: RunStart, around: RunSurroundings): Run {
  return new LiveRun(start, around);
}

class LiveRun implements Run {
  readonly id: string;
  readonly file: string;
  readonly done: Run['done'];
  #start: RunStart;
  #around: RunSurroundings;
  #clock: TraceClock = startClock();
  #redactor: Redactor;
  #trace: GrowingTrace;
  #tell: Tell;
  #output: OutputLog;
  #client: Telling;
  #viaRun: ViaRun;
  #terminals = new Set<Parameters<Run['attach']>[0]>();
  #state: RunSummary['state'] = 'preparing';
  #container: string | undefined;
  #outcome: Outcome | undefined;
  #seen = new KernelSeen();
  #stopGauges: (() => void) | undefined;
  #joined: Joined | undefined;
  #inits: InitLook | undefined;
  #unfollow: () => void;

  constructor(start: RunStart, around: RunSurroundings) {
    this.id = start.id;
    this.file = start.file;
    this.#start = start;
    this.#around = around;
    this.#redactor = around.createRedactor(start.request);
    this.#trace = this.#openTrace();
    this.#unfollow = this.#follow();
    this.#tell = createTeller({
      add: (record) => this.#said(record),
      newSpan: () => this.#trace.newSpan(),
      now: this.#clock.now,
      wrap: (argv) => around.watch.wrap(argv),
    });
    this.#output = createOutputLog((record) => this.#trace.add(record), this.#clock.now);
    this.#client = this.#tell.begin('client/run', this.#clientData());
    this.#viaRun = start.via.run(start.request, this.#context());
    this.done = this.#finish();
  }

  get header(): TraceHeader {
    return this.#trace.header;
  }

  get events(): readonly TraceEvent[] {
    return this.#trace.events;
  }

  get orders(): ContainerOrders | undefined {
    return this.#viaRun.orders;
  }

  get closed(): boolean {
    return this.#trace.closed;
  }

  summary(): RunSummary {
    const { request, deadline } = this.#start;
    const { title, via, command, startedAt } = this.header;
    return {
      id: this.id,
      title,
      via,
      command,
      startedAt,
      state: this.#state,
      ...(this.#container ? { container: this.#container } : {}),
      ...(this.#outcome ? { exitCode: this.#outcome.exitCode } : {}),
      ...(this.#outcome?.error ? { error: this.#redactor.text(this.#outcome.error.message) } : {}),
      events: this.events.length,
      tty: request.tty,
      interactive: request.interactive,
      ...(deadline ? { deadline } : {}),
      request: this.#redactor.request(request),
    };
  }

  subscribe(listener: TraceListener): () => void {
    return this.#trace.subscribe(listener);
  }

  attach(listener: Parameters<Run['attach']>[0]): () => void {
    this.#terminals.add(listener);
    return () => this.#terminals.delete(listener);
  }

  input(bytes: Uint8Array): void | Promise<void> {
    if (this.closed) return;
    this.#tell.log('process/input', { bytes: bytes.length });
    return this.#viaRun.input(bytes);
  }

  endInput(): void {
    this.#viaRun.endInput();
  }

  resize(cols: number, rows: number): void {
    this.#viaRun.resize(cols, rows);
  }

  release(by: string): void {
    this.#viaRun.release(by);
  }

  stop(options?: { signal?: string; graceMs?: number }): Promise<void> {
    return this.#viaRun.stop(options);
  }

  async remove(): Promise<void> {
    await this.#viaRun.stop({ graceMs: 0 });
    await this.done;
    await this.#viaRun.remove();
  }

  #follow(): () => void {
    const take = (record: RawRecord) => {
      this.#seen.take(record);
      if (record.kind === 'read-back') this.#redactor.learnEnv(environmentOf(record.data.config));
      this.#trace.add(record);
    };
    const { relay, watch } = this.#around;
    if (!this.#start.via.relayed || !relay) return watch.follow(this.#clock.monotonicNs, take);
    const inits = new InitLook(this.#around.look, (record) => this.#trace.add(record), this.#clock.now);
    this.#inits = inits;
    this.#trace.subscribe((events) => inits.events(events));
    const joined = relay.join(this.id, this.#clock.monotonicNs, take);
    this.#joined = joined;
    return () => joined.leave();
  }

  #said(record: RawRecord): void {
    this.#trace.add(record);
    if (record.kind === 'spawned') this.#joined?.process(record.pid);
    if (record.kind === 'self' && record.step === 'engine/call' && record.type === 'begin')
      this.#joined?.request(record.at, `/${record.data.method}`, '');
    if (record.kind !== 'self' || record.step !== 'client/request' || record.type !== 'begin') return;
    const { protocol, method, path, query } = record.data;
    // Whose a gRPC call is its payload tells; of an HTTP request only its path says it.
    if (protocol === 'grpc') return;
    this.#joined?.request(
      record.at,
      String(method),
      String(path),
      query === undefined ? undefined : String(query),
    );
  }

  #settle(): Promise<boolean> {
    const { relay, watch } = this.#around;
    return this.#joined && relay ? relay.settle(SETTLE_MS) : watch.settle(SETTLE_MS);
  }

  #openTrace(): GrowingTrace {
    const { createWeave, outside } = this.#around;
    const header = this.#redactor.header(this.#header());
    return growTrace({
      header,
      now: this.#clock.now,
      createWeave,
      outside,
      redactor: this.#redactor,
      writer: createTraceWriter(this.file, header),
    });
  }

  #header(): TraceHeader {
    const { startedAt, monotonicNs, wallMs } = this.#clock;
    const command = shortened(commandOf(this.#start.request));
    return {
      underdock: FORMAT_VERSION,
      id: this.id,
      title: [this.#start.request.image || this.#start.request.bundle, ...this.#start.request.command]
        .join(' ')
        .slice(0, 200),
      via: this.#start.via.name as TraceHeader['via'],
      command,
      startedAt,
      clock: { monotonicNs: String(monotonicNs), wallMs },
      host: this.#around.host,
      watchers: this.#watchers(),
      redacted: [],
    };
  }

  #watchers(): TraceHeader['watchers'] {
    const { relay, watch } = this.#around;
    return this.#start.via.relayed && relay ? [...relay.states] : [watch.state];
  }

  #clientData(): Record<string, unknown> {
    const { request } = this.#start;
    return { command: commandOf(request), image: request.image, options: optionsOf(request) };
  }

  #context(): ViaContext {
    const add = (record: RawRecord) => this.#trace.add(record);
    const { look, stateDir, allowedMounts } = this.#around;
    return {
      runId: this.id,
      tell: this.#tell,
      clientSpan: this.#client.span,
      stateDir,
      allowedMounts,
      output: (stream, bytes) => this.#pass(stream, bytes),
      learnEnv: (env) => this.#redactor.learnEnv(env),
      container: (id, role) => {
        if (role !== 'sandbox') this.#container = id;
        this.#joined?.container(id);
        this.#around.changed();
      },
      expects: () => this.#joined?.expects() ?? (() => {}),
      waiting: async (container, pid) => {
        if (this.#inits?.has(pid)) return;
        await look.waiting(container, pid, add, this.#clock.now);
        this.#stopGauges = look.gauges(container, pid, filterGauges(add), this.#clock.now);
      },
      looks: this.#joined !== undefined && this.#around.watch.state.name === 'bpftrace',
      seen: async (pid) => {
        await this.#settle();
        return this.#seen.of(pid);
      },
      state: (state) => this.#become(state),
    };
  }

  #pass(stream: 'stdout' | 'stderr', bytes: Uint8Array): Promise<unknown> | undefined {
    this.#output.add(stream, bytes);
    const taken = [...this.#terminals].map((terminal) => terminal(stream, bytes));
    const slow = taken.filter((one) => one instanceof Promise);
    return slow.length > 0 ? Promise.all(slow) : undefined;
  }

  #become(state: RunSummary['state']): void {
    if (this.#state === state) return;
    if (state === 'stopping' || state === 'finished' || state === 'failed') {
      this.#stopGauges?.();
      this.#inits?.stop();
    }
    this.#state = state;
    this.#around.changed();
  }

  async #finish(): Promise<{ exitCode: number; error?: { code: string; message: string; remedy?: string } }> {
    const outcome = await this.#viaRun.done.catch(
      (error: unknown): Outcome => ({ exitCode: 125, error: describeError(error) }),
    );
    this.#stopGauges?.();
    this.#inits?.stop();
    this.#output.close();
    const { exitCode, error } = outcome;
    if (error) this.#client.fail(error, { exitCode });
    else this.#client.end({ exitCode });
    if (!(await this.#settle())) this.#sayLag();
    this.#unfollow();
    this.#outcome = outcome;
    this.#trace.close();
    this.#terminals.clear();
    this.#become(error ? 'failed' : 'finished');
    return outcome;
  }

  #sayLag(): void {
    const { name } = this.#around.watch;
    const who = this.#joined ? 'the watching of the kernel, or of calls,' : 'it';
    const why = `${who} lags behind by more than ${SETTLE_MS / 1000} s: the last acts are not in this trace`;
    this.#trace.add({ kind: 'watcher', at: this.#clock.now(), layer: 'kernel', name, state: 'missing', why });
  }
}

function shortened(command: string[]): string[] {
  return command.length > MOST_WORDS ? [...command.slice(0, MOST_WORDS - 1), '…'] : command;
}
