import { randomBytes } from 'node:crypto';
import { mkdirSync } from 'node:fs';
import type { RunRequest } from '@underdock/trace';
import { AgentError } from '../../error.ts';
import { signalNumber } from '../../processes.ts';
import { Course, diedWaiting, failedOutcome } from '../course.ts';
import { EarlyInput } from '../earlyInput.ts';
import { stopSignal } from '../embedded/engineStop.ts';
import { settlesWithin } from '../gate.ts';
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
  readonly #course = new Course();
  readonly #output = new LastOutput();
  #containerd: Containerd | undefined;
  #making: TaskParts | undefined;
  #made: MadeTask | undefined;
  #kept = false;
  readonly #early = new EarlyInput();

  constructor(parts: ContainerdRunParts, request: RunRequest, context: ViaContext) {
    this.#parts = parts;
    this.#request = request;
    this.#context = context;
    context.container?.(this.#id);
    this.done = this.#live();
  }

  input(bytes: Uint8Array): void | Promise<void> {
    if (this.#made) return this.#made.fifos.input(bytes);
    if (this.#course.ends) return;
    return this.#early.add(bytes);
  }

  endInput(): void {
    this.#early.hasEnded = true;
    if (this.#made && !this.#course.ends) void this.#endInput(this.#made).catch(() => {});
  }

  resize(cols: number, rows: number): void {
    this.#early.size = { cols, rows };
    if (this.#course.runs) void this.#resize();
  }

  release(by: string): void {
    this.#course.gate.open(by);
  }

  async stop(options: { signal?: string; graceMs?: number } = {}): Promise<void> {
    await this.#course.stop(options, {
      done: this.done,
      ask: (how) => this.#stopRunning(how),
      kill: () => killProcess(this.#running().container, KILL),
    });
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
      this.#course.end();
      await made.fifos.drained(DRAIN_MS);
      made.ended(exitCode);
      await this.#takeApart(this.#request.keep);
      return { exitCode };
    } catch (error) {
      this.#course.end();
      // The first error is the one that counts; what is left is written down for the next start.
      await this.#takeApart(false).catch(() => {});
      return failedOutcome(error);
    } finally {
      this.#early.drop();
      if (!this.#kept) this.#containerd?.daemon.close();
    }
  }

  async #make(): Promise<MadeTask> {
    const { signal } = this.#course;
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
    this.#early.passTo((bytes) => made.fifos.input(bytes));
    if (this.#early.hasEnded) await this.#endInput(made);
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
      () => this.#course.gate.refuse(diedWaiting()),
      () => {},
    );
    await this.#course.hold(act);
  }

  async #start({ container }: MadeTask): Promise<void> {
    this.#course.signal.throwIfAborted();
    this.#course.start();
    await container.start();
    container.say({ state: 'running' });
    // Who types as soon as it runs finds the terminal in its size.
    await this.#resize();
    if (!this.#course.isStopped) this.#context.state('running');
  }

  async #endInput({ fifos, container }: MadeTask): Promise<void> {
    // A terminal's input has no end of its own: programs take Ctrl-D for it (termios(3), VEOF).
    if (this.#request.tty) return fifos.input(Buffer.from([4]));
    await fifos.endInput();
    if (this.#request.interactive) await closeInput(container);
  }

  /** A terminal that has just gone can't be resized, and need not be. */
  async #resize(): Promise<void> {
    if (!this.#early.size || !this.#request.tty || !this.#made) return;
    await resizeTerminal(this.#made.container, this.#early.size).catch(() => {});
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
    if (this.#made && this.#course.runs) {
      const { container, pid, process, folder } = this.#made;
      return { container, pid, process, folder, output: () => this.#output.read() };
    }
    throw new AgentError('not-running', 'the container does not run', {
      remedy: 'wait until it runs, or run it again',
    });
  }
}

const KILL = { name: 'SIGKILL', number: 9 };
