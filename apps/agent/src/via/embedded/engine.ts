import { randomBytes } from 'node:crypto';
import type { RunRequest } from '@underdock/trace';
import type { ExitStatus } from '../../kernelCalls.ts';
import { describeError } from '../../run/error.ts';
import type { Seen } from '../../run/kernelSeen.ts';
import type { Telling } from '../../run/tell.ts';
import { Course, diedWaiting, failedOutcome } from '../course.ts';
import { EarlyInput } from '../earlyInput.ts';
import type { ContainerOrders, Outcome, ViaContext, ViaRun } from '../via.ts';
import { type CgroupFolder, cgroupsOf, oomKills } from './cgroupFiles.ts';
import { ContainerParts, type EngineParts, type MadeContainer } from './containerParts.ts';
import { ContainerRecord } from './containerState.ts';
import { killContainer, type LivingContainer, stopContainer, stopSignal } from './engineStop.ts';
import { EmbeddedError } from './error.ts';
import { startTask } from './highLevel.ts';
import type { MakeBundle } from './imageBundle.ts';
import { effectiveLimits } from './limits.ts';
import { execError } from './lowLevel/runtimeError.ts';

/** After the process has ended, its last output is waited for so long (ms). */
const DRAIN_MS = 2000;
const DEFAULT_GRACE_MS = 10_000;

/** Runs one container from request to removal. */
export function runContainer(
  parts: EngineParts,
  request: RunRequest,
  name: string,
  context: ViaContext,
  own: OwnWays = {},
): ViaRun {
  return new EngineRun(parts, request, name, context, own);
}

/** What another way in does in a way of its own. */
export interface OwnWays {
  bundle?: MakeBundle;
  /** Orders to the container; `current` throws where it does not run. */
  orders?: (current: () => LivingContainer) => ContainerOrders;
}

class EngineRun implements ViaRun {
  readonly done: Promise<Outcome>;
  readonly orders?: ContainerOrders;
  #request: RunRequest;
  #context: ViaContext;
  #record: ContainerRecord;
  #parts: ContainerParts;
  #reaper: EngineParts['reaper'];
  readonly #course = new Course();
  #made: MadeContainer | undefined;
  #cgroups: CgroupFolder[] = [];
  #exited: Promise<ExitStatus | undefined> | undefined;
  #kept = false;
  readonly #early = new EarlyInput();

  constructor(parts: EngineParts, request: RunRequest, name: string, context: ViaContext, own: OwnWays) {
    const id = randomBytes(32).toString('hex');
    this.#request = request;
    this.#context = context;
    this.#reaper = parts.reaper;
    this.#record = new ContainerRecord(id, name, context.tell);
    const wanted = { id, name, request, signal: this.#course.signal };
    const bundle = own.bundle ? { bundle: own.bundle } : {};
    this.#parts = new ContainerParts(parts, { ...wanted, ...bundle }, context);
    if (own.orders) this.orders = own.orders(() => this.#running());
    context.container?.(id);
    this.done = this.#live();
  }

  input(bytes: Uint8Array): void | Promise<void> {
    if (this.#made) return this.#made.attached.input(bytes);
    if (this.#course.ends) return;
    return this.#early.add(bytes);
  }

  endInput(): void {
    this.#early.hasEnded = true;
    this.#made?.attached.endInput();
  }

  resize(cols: number, rows: number): void {
    this.#early.size = { cols, rows };
    this.#made?.attached.resize(cols, rows);
  }

  release(by: string): void {
    this.#course.gate.open(by);
  }

  async stop(options: { signal?: string; graceMs?: number } = {}): Promise<void> {
    await this.#course.stop(options, {
      done: this.done,
      ask: (how) => this.#stopRunning(how),
      kill: () => killContainer(this.#living(), this.#context.clientSpan),
    });
  }

  async remove(): Promise<void> {
    if (!this.#kept) return;
    await this.#parts.forget();
    this.#kept = false;
  }

  async #live(): Promise<Outcome> {
    try {
      await this.#create();
      await this.#hold();
      await this.#start();
      const status = await this.#exited;
      this.#course.end();
      const outcome = await this.#ended(status);
      await this.#takeApart(this.#request.keep);
      return outcome;
    } catch (error) {
      this.#course.end();
      this.#early.drop();
      // What can't be taken apart now is told, and taken apart at the next start; the first error is the one that counts.
      await this.#takeApart(false).catch(() => {});
      return failedOutcome(error);
    }
  }

  async #create(): Promise<void> {
    const { tell } = this.#context;
    const { defaults, ...limits } = effectiveLimits(this.#request);
    const { id, name } = this.#record;
    const act = tell.begin(
      'engine/create-container',
      { id, name, image: this.#request.image, limits, defaults },
      this.#about(),
    );
    try {
      this.#made = await this.#parts.make(act.span);
      this.#exited = this.#reaper.wait(this.#made.pid);
      this.#cgroups = cgroupsOf(this.#made.pid);
      this.#record.become('created');
      act.end({ id });
    } catch (error) {
      act.fail(error);
      throw error;
    }
    this.#connect(this.#made);
    await this.#context.waiting(id, this.#made.pid);
    this.#course.signal.throwIfAborted();
  }

  #connect({ attached }: MadeContainer): void {
    if (this.#early.size) attached.resize(this.#early.size.cols, this.#early.size.rows);
    this.#early.passTo((bytes) => attached.input(bytes));
    if (this.#early.hasEnded) attached.endInput();
    const streams = ['stdout', 'stderr', ...(this.#request.interactive ? ['stdin'] : [])];
    this.#context.tell.log('client/attach', { streams }, this.#about());
  }

  async #hold(): Promise<void> {
    if (!this.#request.hold) return;
    this.#context.state('held');
    this.#parts.journal?.change({ state: 'held' });
    const why = 'asked to wait between create and start: the init process exists, the program has not begun';
    const act = this.#context.tell.begin('engine/hold', { why }, this.#about());
    void this.#exited?.then(() => this.#course.gate.refuse(diedWaiting()));
    await this.#course.hold(act);
  }

  async #start(): Promise<void> {
    const { id } = this.#record;
    const act = this.#context.tell.begin('engine/start-container', { id }, this.#about());
    try {
      this.#course.signal.throwIfAborted();
      this.#course.start();
      await startTask(this.#runtime(), id, this.#context.tell, act.span);
      this.#record.become('running');
      this.#parts.journal?.change({ state: 'running' });
      if (!this.#course.isStopped) this.#context.state('running');
      act.end({ id });
    } catch (error) {
      act.fail(error);
      throw error;
    }
  }

  async #ended(status: ExitStatus | undefined): Promise<Outcome> {
    await this.#made?.attached.drained(DRAIN_MS);
    const oomKilled = oomKills(this.#cgroups) > 0;
    const seen = status?.code === 0 ? {} : await this.#seen();
    const neverRan = seen.execFailed && execError(seen.execFailed.errno, seen.execFailed.path);
    const known = status ?? seen.exit;
    if (!known) {
      this.#record.become('stopped', { ...(oomKilled ? { oomKilled } : {}) });
      throw new EmbeddedError(
        'exit-unknown',
        'the container has ended, but its exit code could not be collected',
        {
          remedy: this.#reaper.limitation || 'look at kernel/exit in the trace for it',
        },
      );
    }
    const exitCode = neverRan?.exitCode ?? known.code;
    const from = status ? {} : { exitCodeFrom: 'kernel/exit' };
    this.#record.become('stopped', { exitCode, ...from, ...(oomKilled ? { oomKilled } : {}) });
    return neverRan ? { exitCode, error: describeError(neverRan) } : { exitCode };
  }

  async #seen(): Promise<Seen> {
    const pid = this.#made?.pid;
    return (pid !== undefined && (await this.#context.seen?.(pid))) || {};
  }

  async #takeApart(keep: boolean): Promise<void> {
    const { tell } = this.#context;
    const { id } = this.#record;
    const act = keep ? undefined : tell.begin('engine/remove-container', { id }, this.#about());
    const failed = await this.#parts.unmake(act?.span ?? this.#context.clientSpan, keep);
    if (keep) {
      this.#kept = true;
      this.#parts.journal?.change({ state: 'kept' });
      return;
    }
    // Only after a fault between start and exit: what was killed with force has stopped.
    if (this.#record.state === 'running') this.#record.become('stopped');
    this.#record.gone();
    endRemoval(act, failed);
  }

  async #stopRunning(options: { signal?: string; graceMs?: number }): Promise<void> {
    const signal = stopSignal(options.signal, this.#made?.stopSignal);
    this.#context.state('stopping');
    this.#parts.journal?.change({ state: 'stopping' });
    await stopContainer(this.#living(), signal, options.graceMs ?? DEFAULT_GRACE_MS);
  }

  #running(): LivingContainer {
    if (this.#made && !this.#course.ends) return this.#living();
    throw new EmbeddedError('not-running', 'the container does not run', {
      remedy: 'give orders between its creation and its end',
    });
  }

  #living(): LivingContainer {
    const { tell, clientSpan } = this.#context;
    const exited = this.#exited ?? Promise.resolve();
    const { id } = this.#record;
    return { id, pid: this.#made?.pid ?? 0, runtime: this.#runtime(), exited, tell, clientSpan };
  }

  #runtime(): MadeContainer['runtime'] {
    if (!this.#made) throw new Error('the container has not been made yet');
    return this.#made.runtime;
  }

  #about(): { cause: string[]; container: string } {
    return { cause: [this.#context.clientSpan], container: this.#record.id };
  }
}

function endRemoval(act: Telling | undefined, failed: { what: string; error: unknown }[]): void {
  const first = failed[0];
  if (first) act?.fail(first.error, { left: failed.map(({ what }) => what) });
  else act?.end();
}
