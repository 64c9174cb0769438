import { existsSync } from 'node:fs';
import type { RunRequest } from '@underdock/trace';
import { AgentError } from '../../error.ts';
import { Course, failedOutcome } from '../course.ts';
import { EarlyInput } from '../earlyInput.ts';
import { effectiveLimits } from '../embedded/limits.ts';
import { settlesWithin } from '../gate.ts';
import type { ContainerOrders, Outcome, ViaContext, ViaRun } from '../via.ts';
import type { Attachment } from './attachment.ts';
import { containerBody } from './containerBody.ts';
import { DockerContainer } from './dockerContainer.ts';
import type { Engine } from './engine.ts';
import { HostPorts } from './hostPorts.ts';
import { supplyImage } from './images.ts';
import { removeEntry, writeEntry } from './journal.ts';
import { snapshotData } from './look.ts';
import { dockerMounts } from './mounts.ts';
import { containerOrders } from './orders.ts';
import { RUN_LABEL } from './recoverContainers.ts';

/** What a run on an engine needs besides its request. */
export interface DockerRunParts {
  engine: () => Promise<Engine>;
  stateDir: string;
  starter?: (() => Promise<string>) | undefined;
  name: string;
}

/** After the process has ended, its last output is waited for so long (ms). */
const DRAIN_MS = 2000;
const DEFAULT_GRACE_MS = 10_000;

/** Runs one container on a Docker engine, from request to removal. */
export function runOnDocker(parts: DockerRunParts, request: RunRequest, context: ViaContext): ViaRun {
  return new DockerRun(parts, request, context);
}

class DockerRun implements ViaRun {
  readonly done: Promise<Outcome>;
  readonly orders: ContainerOrders = containerOrders(() => this.#running());
  #parts: DockerRunParts;
  #request: RunRequest;
  #context: ViaContext;
  #container: DockerContainer | undefined;
  readonly #course = new Course();
  /** Nobody waits for the container any more. */
  #over = new AbortController();
  #attached: Attachment | undefined;
  #exited: Promise<number> | undefined;
  #kept = false;
  readonly #early = new EarlyInput();
  #ports: HostPorts | undefined;

  constructor(parts: DockerRunParts, request: RunRequest, context: ViaContext) {
    this.#parts = parts;
    this.#request = request;
    this.#context = context;
    this.done = this.#live();
  }

  input(bytes: Uint8Array): void | Promise<void> {
    if (this.#attached) return this.#attached.input(bytes);
    if (this.#course.ends) return;
    return this.#early.add(bytes);
  }

  endInput(): void {
    this.#early.hasEnded = true;
    this.#attached?.endInput();
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
      kill: () => this.#running().kill('SIGKILL'),
    });
  }

  async remove(): Promise<void> {
    if (!this.#kept) return;
    await this.#remove();
    this.#kept = false;
  }

  async #live(): Promise<Outcome> {
    try {
      const container = await this.#create();
      await this.#hold(container);
      await this.#start(container);
      const exitCode = await this.#exited!;
      this.#course.end();
      await settlesWithin(this.#attached!.ended, DRAIN_MS);
      await container.look();
      await this.#takeApart(this.#request.keep);
      return { exitCode };
    } catch (error) {
      this.#course.end();
      this.#over.abort(error);
      // The first error is the one that counts; what is left is written down for the next start.
      await this.#takeApart(false).catch(() => {});
      return failedOutcome(error);
    } finally {
      this.#attached?.close();
      this.#ports?.close();
      this.#early.drop();
    }
  }

  async #create(): Promise<DockerContainer> {
    const { tell, clientSpan, allowedMounts, runId } = this.#context;
    const { signal } = this.#course;
    const { starter, name } = this.#parts;
    const engine = await this.#parts.engine();
    signal.throwIfAborted();
    const { image } = this.#request;
    const found = await supplyImage(engine, image, { tell, cause: [clientSpan], signal, starter });
    this.#context.learnEnv?.(found.info.Config?.Env ?? []);
    const body = containerBody(this.#request, {
      image: found.name,
      mounts: await dockerMounts(this.#request, allowedMounts),
      labels: { [RUN_LABEL]: runId },
      size: this.#early.size,
    });
    const limits = effectiveLimits(this.#request);
    const container = await DockerContainer.create(
      engine,
      { name, image, body, limits },
      this.#context,
      signal,
    );
    this.#container = container;
    this.#context.container?.(container.id);
    this.#write(container, 'live');
    const snapshot = snapshotData(await container.look());
    const told = { ...container.about(), actor: engine.actor };
    if (snapshot) tell.fact('high-level/has-snapshot', snapshot, told);
    await this.#attach(container);
    return container;
  }

  #write({ id, engine: { socket, kind, network } }: DockerContainer, state: 'live' | 'kept'): void {
    const { stateDir, name } = this.#parts;
    const own = { private: kind === 'private', ...(network ? { network } : {}) };
    writeEntry(stateDir, { run: this.#context.runId, container: id, name, socket, ...own, state });
  }

  async #attach(container: DockerContainer): Promise<void> {
    const { interactive, tty } = this.#request;
    const attached = await container.attach(interactive, tty);
    this.#attached = attached;
    this.#early.passTo((bytes) => attached.input(bytes));
    if (this.#early.hasEnded) attached.endInput();
  }

  async #hold(container: DockerContainer): Promise<void> {
    if (!this.#request.hold) return;
    this.#context.state('held');
    const why =
      'asked to wait between create and start: the container is written down and its filesystem chosen; with docker no process exists before start';
    const act = this.#context.tell.begin('engine/hold', { why }, container.about());
    await this.#course.hold(act);
  }

  async #start(container: DockerContainer): Promise<void> {
    this.#course.signal.throwIfAborted();
    this.#exited = container.exit(this.#over.signal, () => this.#attach(container));
    this.#exited.catch(() => {});
    const { publish } = this.#request;
    this.#ports = new HostPorts(container.engine.door);
    await this.#ports.openNamed(publish, this.#context.tell, container.about());
    this.#course.start();
    await container.start(this.#request.entrypoint ?? this.#request.command[0] ?? 'of the image');
    // Who types as soon as it runs finds the terminal in its size.
    await this.#resize();
    if (!this.#course.isStopped) this.#context.state('running');
    const info = await container.look();
    await this.#readBack(container, info.State.Pid);
    if (info.State.Running) await this.#ports.openChosen(publish, info);
  }

  /**
   * Without a probe nobody says when a process comes to be: it runs already, as docker lets nobody look between the two. One that was
   * quick has nothing left to be read.
   */
  async #readBack(container: DockerContainer, pid: number): Promise<void> {
    if (this.#context.looks) return;
    if (pid > 0 && existsSync(`/proc/${pid}/ns`)) return this.#context.waiting(container.id, pid);
    const why = 'the process had ended before the engine could be asked for its pid';
    const told = { ...container.about(), layer: 'process', actor: { name: 'read-back' } } as const;
    this.#context.tell.log('trace/watcher-changed', { name: 'read-back', state: 'missing', why }, told);
  }

  /** A terminal that has just gone can't be resized, and need not be. */
  async #resize(): Promise<void> {
    if (this.#early.size && this.#request.tty)
      await this.#container?.resize(this.#early.size).catch(() => {});
  }

  async #takeApart(keep: boolean): Promise<void> {
    if (!this.#container) return;
    if (!keep) return this.#remove();
    this.#kept = true;
    this.#write(this.#container, 'kept');
  }

  async #remove(): Promise<void> {
    await this.#container?.remove();
    removeEntry(this.#parts.stateDir, this.#context.runId);
  }

  async #stopRunning({ signal, graceMs = DEFAULT_GRACE_MS }: { signal?: string; graceMs?: number }) {
    const container = this.#running();
    this.#context.state('stopping');
    const { State } = await container.look();
    // A paused process can take no signal but SIGKILL, and older engines refuse even that.
    if (State.Paused) await this.orders.unpause();
    if (graceMs === 0) await container.kill('SIGKILL');
    else if (signal === undefined && graceMs % 1000 === 0) await container.stop(undefined, graceMs);
    else await this.#signalThenKill(container, signal ?? 'SIGTERM', graceMs);
    await this.#exited;
  }

  /** Engines before API 1.42 take no signal for a stop, and none takes parts of a second: so both steps are done from here. */
  async #signalThenKill(container: DockerContainer, signal: string, graceMs: number): Promise<void> {
    const { tell } = this.#context;
    const act = tell.begin('engine/stop-container', { signal, graceMs }, container.about());
    try {
      await container.kill(signal, act.span);
      const gone = await settlesWithin(this.#exited!, graceMs);
      if (!gone) await container.kill('SIGKILL', act.span);
      await this.#exited;
      act.end({ killed: !gone });
    } catch (error) {
      act.fail(error);
      throw error;
    }
  }

  #running(): DockerContainer {
    if (this.#container && this.#course.runs) return this.#container;
    throw new AgentError('not-running', 'the container does not run', {
      remedy: 'wait until it runs, or run it again',
    });
  }
}
