import { randomBytes } from 'node:crypto';
import { mkdirSync } from 'node:fs';
import type { RunRequest } from '@underdock/trace';
import { AgentError } from '../../error.ts';
import { signalNumber } from '../../processes.ts';
import { describeError } from '../../run/error.ts';
import { stopSignal } from '../embedded/engineStop.ts';
import { Gate, settlesWithin } from '../embedded/gate.ts';
import type { ContainerOrders, Outcome, ViaContext, ViaRun } from '../via.ts';
import type { Containerd } from './api.ts';
import { runFolder } from './journal.ts';
import { LastOutput } from './lastOutput.ts';
import { containerOrders, type OrderedContainer } from './orders.ts';
import { closeInput, killProcess, resizeTerminal } from './taskOrders.ts';
import { type MadeTask, type TaskGround, TaskParts } from './taskParts.ts';

/** What a run through containerd needs besides its request. */
export interface ContainerdRunParts extends Omit<TaskGround, 'containerd' | 'id' | 'request' | 'signal'> {
  containerd: () => Promise<Containerd>;
}

/** After the process has ended, its last output is waited for so long (ms). */
const DRAIN_MS = 2000;
const DEFAULT_GRACE_MS = 10_000;

/** Runs one container in containerd, from request to removal. */
export function runInContainerd(parts: ContainerdRunParts, request: RunRequest, context: ViaContext): ViaRun {
  return new ContainerdRun(parts, request, context);
}

class ContainerdRun implements ViaRun {
  readonly done: Promise<Outcome>;
  readonly orders: ContainerOrders = containerOrders(() => this.#running());
  readonly #parts: ContainerdRunParts;
  readonly #request: RunRequest;
  readonly #context: ViaContext;
  readonly #id = randomBytes(32).toString('hex');
  readonly #abort = new AbortController();
  readonly #gate = new Gate();
  readonly #output = new LastOutput();
  #containerd: Containerd | undefined;
  #making: TaskParts | undefined;
  #made: MadeTask | undefined;
  #started = false;
  #ending = false;
  #stopping: Promise<void> | undefined;
  #kept = false;
  /** What is typed before the container listens, and whom to tell that it was taken. */
  #early: { bytes: Uint8Array; taken: () => void }[] = [];
  #inputEnded = false;
  #size: { cols: number; rows: number } | undefined;

  constructor(parts: ContainerdRunParts, request: RunRequest, context: ViaContext) {
    this.#parts = parts;
    this.#request = request;
    this.#context = context;
    context.container?.(this.#id);
    this.done = this.#live();
  }

  input(bytes: Uint8Array): void | Promise<void> {
    if (this.#made) return this.#made.fifos.input(bytes);
    if (this.#ending) return;
    return new Promise((taken) => this.#early.push({ bytes, taken }));
  }

  endInput(): void {
    this.#inputEnded = true;
    if (this.#made && !this.#ending) void this.#endInput(this.#made).catch(() => {});
  }

  resize(cols: number, rows: number): void {
    this.#size = { cols, rows };
    if (this.#started && !this.#ending) void this.#resize();
  }

  release(by: string): void {
    this.#gate.open(by);
  }

  async stop(options: { signal?: string; graceMs?: number } = {}): Promise<void> {
    if (!this.#started) {
      const why = new AgentError('stopped', 'stopped before the container was started');
      this.#abort.abort(why);
      this.#gate.refuse(why);
    }
    if (!this.#started || this.#ending) {
      await this.done;
      return;
    }
    if (this.#stopping && options.graceMs === 0) await killProcess(this.#running().container, KILL);
    this.#stopping ??= this.#stopRunning(options);
    try {
      await this.#stopping;
    } catch (error) {
      // A stop that did not work may be tried again, with another signal.
      this.#stopping = undefined;
      throw error;
    }
  }

  async remove(): Promise<void> {
    if (!this.#kept || !this.#making) return;
    await this.#making.forget();
    this.#kept = false;
  }

  async #live(): Promise<Outcome> {
    try {
      const made = await this.#make();
      await this.#hold(made);
      await this.#start(made);
      const exitCode = await made.exited;
      this.#ending = true;
      await made.fifos.drained(DRAIN_MS);
      made.ended(exitCode);
      await this.#takeApart(this.#request.keep);
      return { exitCode };
    } catch (error) {
      this.#ending = true;
      // The first error is the one that counts; what is left is written down for the next start.
      await this.#takeApart(false).catch(() => {});
      const { exitCode } = error as { exitCode?: unknown };
      return { exitCode: typeof exitCode === 'number' ? exitCode : 125, error: describeError(error) };
    } finally {
      for (const { taken } of this.#early.splice(0)) taken();
      if (!this.#kept) this.#containerd?.daemon.close();
    }
  }

  async #make(): Promise<MadeTask> {
    const { signal } = this.#abort;
    const containerd = await this.#parts.containerd();
    this.#containerd = containerd;
    signal.throwIfAborted();
    mkdirSync(runFolder(this.#parts.stateDir, this.#context.runId), { recursive: true, mode: 0o700 });
    const ground = { ...this.#parts, containerd, id: this.#id, request: this.#request, signal };
    this.#making = new TaskParts(ground, this.#context, (stream, bytes) => {
      this.#output.add(bytes);
      return this.#context.output(stream, bytes);
    });
    const made = await this.#making.make();
    this.#made = made;
    for (const { bytes, taken } of this.#early.splice(0))
      void Promise.resolve(made.fifos.input(bytes)).then(taken);
    if (this.#inputEnded) await this.#endInput(made);
    if (!this.#context.looks) await this.#context.waiting(this.#id, made.pid);
    signal.throwIfAborted();
    return made;
  }

  async #hold({ container, exited }: MadeTask): Promise<void> {
    if (!this.#request.hold) return;
    this.#context.state('held');
    const why = 'asked to wait between create and start: the init process exists, the program has not begun';
    const act = this.#context.tell.begin('engine/hold', { why }, { ...container.about(), layer: 'client' });
    void exited.then(
      () => this.#gate.refuse(diedWaiting()),
      () => {},
    );
    try {
      act.end({ releasedBy: await this.#gate.opened });
    } catch (error) {
      if ((error as AgentError).code === 'stopped') act.end({ releasedBy: 'stop' });
      else act.fail(error);
      throw error;
    }
  }

  async #start({ container }: MadeTask): Promise<void> {
    this.#abort.signal.throwIfAborted();
    this.#started = true;
    await container.start();
    container.say({ state: 'running' });
    // Who types as soon as it runs finds the terminal in its size.
    await this.#resize();
    if (!this.#stopping) this.#context.state('running');
  }

  async #endInput({ fifos, container }: MadeTask): Promise<void> {
    // A terminal's input has no end of its own: programs take Ctrl-D for it (termios(3), VEOF).
    if (this.#request.tty) return fifos.input(Buffer.from([4]));
    await fifos.endInput();
    if (this.#request.interactive) await closeInput(container);
  }

  /** A terminal that has just gone can't be resized, and need not be. */
  async #resize(): Promise<void> {
    if (!this.#size || !this.#request.tty || !this.#made) return;
    await resizeTerminal(this.#made.container, this.#size).catch(() => {});
  }

  async #takeApart(keep: boolean): Promise<void> {
    await this.#making?.unmake(keep);
    this.#kept = keep && this.#making !== undefined;
  }

  async #stopRunning({ signal, graceMs = DEFAULT_GRACE_MS }: { signal?: string; graceMs?: number }) {
    const { container, exited, stopSignal: ofImage } = this.#made!;
    const name = stopSignal(signal, ofImage);
    this.#context.state('stopping');
    const told = { ...container.about(), layer: 'client' } as const;
    const act = this.#context.tell.begin('engine/stop-container', { signal: name, graceMs }, told);
    try {
      if (graceMs > 0) await killProcess(container, { name, number: signalNumber(name)! }, act.span);
      const gone = await settlesWithin(exited, graceMs);
      if (!gone) await killProcess(container, KILL, act.span);
      await exited;
      act.end({ killed: !gone });
    } catch (error) {
      act.fail(error);
      throw error;
    }
  }

  #running(): OrderedContainer {
    if (this.#made && this.#started && !this.#ending) {
      const { container, pid, process, folder } = this.#made;
      return { container, pid, process, folder, output: () => this.#output.read() };
    }
    throw new AgentError('not-running', 'the container does not run', {
      remedy: 'wait until it runs, or run it again',
    });
  }
}

const KILL = { name: 'SIGKILL', number: 9 };

function diedWaiting(): AgentError {
  return new AgentError('died-waiting', 'the init process ended while it waited for start', {
    remedy: 'look at kernel/exit in the trace: it was killed from outside, or by its memory limit',
  });
}
