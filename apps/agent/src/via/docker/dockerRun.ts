import { existsSync } from 'node:fs';
import type { Duplex } from 'node:stream';
import type { RunRequest } from '@underdock/trace';
import type { ContainerInspectInfo } from 'dockerode';
import { AgentError } from '../../error.ts';
import { describeError } from '../../run/error.ts';
import { Gate, settlesWithin } from '../embedded/gate.ts';
import { effectiveLimits } from '../embedded/limits.ts';
import type { Outcome, ViaContext, ViaRun } from '../via.ts';
import { type Attachment, attach } from './attachment.ts';
import { containerBody, toldFields } from './containerBody.ts';
import { type Asking, ask, type Engine } from './engine.ts';
import { supplyImage } from './images.ts';
import { removeEntry, writeEntry } from './journal.ts';
import { dockerMounts } from './mounts.ts';
import { createFailure, startFailure } from './startFailure.ts';

/** What a run on an engine needs besides its request. */
export interface DockerRunParts {
  engine: (signal: AbortSignal) => Promise<Engine>;
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
  #parts: DockerRunParts;
  #request: RunRequest;
  #context: ViaContext;
  #engine: Engine | undefined;
  #id: string | undefined;
  #abort = new AbortController();
  #gate = new Gate();
  #attached: Attachment | undefined;
  #exited: Promise<number> | undefined;
  #started = false;
  #ending = false;
  #stopping: Promise<void> | undefined;
  #kept = false;
  /** What is typed before the container listens, and whom to tell that it was taken. */
  #early: { bytes: Uint8Array; taken: () => void }[] = [];
  #inputEnded = false;
  #size: { cols: number; rows: number } | undefined;

  constructor(parts: DockerRunParts, request: RunRequest, context: ViaContext) {
    this.#parts = parts;
    this.#request = request;
    this.#context = context;
    this.done = this.#live();
  }

  input(bytes: Uint8Array): void | Promise<void> {
    if (this.#attached) return this.#attached.input(bytes);
    if (this.#ending) return;
    return new Promise((taken) => this.#early.push({ bytes, taken }));
  }

  endInput(): void {
    this.#inputEnded = true;
    this.#attached?.endInput();
  }

  resize(cols: number, rows: number): void {
    this.#size = { cols, rows };
    if (this.#started && !this.#ending && this.#request.tty) void this.#resize().catch(() => {});
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
    if (this.#stopping && options.graceMs === 0) await this.#kill('SIGKILL');
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
    if (!this.#kept) return;
    await this.#removeContainer(true);
    this.#kept = false;
  }

  async #live(): Promise<Outcome> {
    try {
      await this.#create();
      await this.#hold();
      await this.#start();
      const exitCode = await this.#exited!;
      this.#ending = true;
      await settlesWithin(this.#attached!.ended, DRAIN_MS);
      await this.#look();
      await this.#takeApart(this.#request.keep);
      return { exitCode };
    } catch (error) {
      this.#ending = true;
      // The first error is the one that counts; what is left is written down for the next start.
      await this.#takeApart(false).catch(() => {});
      const { exitCode } = error as { exitCode?: unknown };
      return { exitCode: typeof exitCode === 'number' ? exitCode : 125, error: describeError(error) };
    } finally {
      this.#attached?.close();
      for (const { taken } of this.#early.splice(0)) taken();
    }
  }

  async #create(): Promise<void> {
    const { tell, clientSpan, allowedMounts } = this.#context;
    const { signal } = this.#abort;
    this.#engine = await this.#parts.engine(signal);
    const mounts = await dockerMounts(this.#request, allowedMounts);
    const { starter } = this.#parts;
    const image = await supplyImage(this.#engine, this.#request.image, {
      tell,
      cause: [clientSpan],
      signal,
      starter,
    });
    this.#context.learnEnv?.(image.info.Config?.Env ?? []);
    const labels = { 'underdock.run': this.#context.runId };
    const body = containerBody(this.#request, { image: image.name, mounts, labels, size: this.#size });
    await this.#post(body);
    await this.#look();
    await this.#attach();
  }

  async #post(body: ReturnType<typeof containerBody>): Promise<void> {
    const { defaults, ...limits } = effectiveLimits(this.#request);
    const { name } = this.#parts;
    const data = { name, image: this.#request.image, limits, defaults };
    const asking = this.#asking({
      request: toldFields(body, defaults),
      act: {
        step: 'engine/create-container',
        data,
        ended: (answer) => ({ id: (answer as { id: string }).id }),
      },
    });
    try {
      const { id } = await ask(this.#engine!, asking, (docker, abortSignal) =>
        docker.createContainer({ _query: { name }, _body: body, abortSignal } as object),
      );
      this.#id = id;
      this.#context.container?.(id);
      this.#write('live');
    } catch (error) {
      throw createFailure(error, []);
    }
  }

  #write(state: 'live' | 'kept'): void {
    const { stateDir, name } = this.#parts;
    const { socket, kind } = this.#engine!;
    const run = this.#context.runId;
    writeEntry(stateDir, { run, container: this.#id!, name, socket, private: kind === 'private', state });
  }

  async #attach(): Promise<void> {
    const { interactive, tty } = this.#request;
    const streams = ['stdout', 'stderr', ...(interactive ? ['stdin'] : [])];
    const query = { stream: 1, stdout: 1, stderr: 1, ...(interactive ? { stdin: 1 } : {}) };
    const stream = await ask(this.#engine!, this.#asking(), (_docker, abortSignal) =>
      this.#container().attach({ _query: query, hijack: true, stdin: interactive, abortSignal } as object),
    );
    this.#attached = attach(stream as unknown as Duplex, tty, this.#context.output);
    this.#context.tell.log('client/attach', { streams }, this.#about());
    for (const { bytes, taken } of this.#early.splice(0)) void this.#attached.input(bytes).then(taken);
    if (this.#inputEnded) this.#attached.endInput();
  }

  async #hold(): Promise<void> {
    if (!this.#request.hold) return;
    this.#context.state('held');
    const why =
      'asked to wait between create and start: the container is written down and its filesystem chosen; with docker no process exists before start';
    const act = this.#context.tell.begin('engine/hold', { why }, this.#about());
    try {
      act.end({ releasedBy: await this.#gate.opened });
    } catch (error) {
      act.end({ releasedBy: 'stop' });
      throw error;
    }
  }

  async #start(): Promise<void> {
    this.#abort.signal.throwIfAborted();
    this.#exited = this.#wait();
    this.#exited.catch(() => {});
    this.#started = true;
    const act = { step: 'engine/start-container', data: { id: this.#id } };
    try {
      await ask(this.#engine!, this.#asking({ act }), (_docker, abortSignal) =>
        this.#container().start({ abortSignal }),
      );
    } catch (error) {
      throw startFailure(error, this.#request.entrypoint ?? this.#request.command[0] ?? 'of the image');
    }
    if (!this.#stopping) this.#context.state('running');
    const info = await this.#look();
    await this.#readBack(info.State.Pid);
    if (this.#size && this.#request.tty) await this.#resize().catch(() => {});
  }

  /** The process runs already: docker lets nobody look between the two. One that was quick has nothing left to be read. */
  async #readBack(pid: number): Promise<void> {
    if (pid > 0 && existsSync(`/proc/${pid}/ns`)) return this.#context.waiting(this.#id!, pid);
    const why = 'the process had ended before the engine could be asked for its pid';
    this.#context.tell.log('low-level/absent', { what: 'reading back', why }, this.#about());
  }

  /** Begun before start, as docker's own client does, so that no exit can come before anybody waits for it. */
  async #wait(): Promise<number> {
    const asking = this.#asking({ timeoutMs: 0 });
    const answer = await ask(this.#engine!, asking, (_docker, abortSignal) =>
      this.#container().wait({ _query: { condition: 'next-exit' }, _body: {}, abortSignal } as object),
    );
    return (answer as { StatusCode: number }).StatusCode;
  }

  /** What the engine says that the container is now. */
  async #look(): Promise<ContainerInspectInfo> {
    const info = await ask(this.#engine!, this.#asking(), (_docker, abortSignal) =>
      this.#container().inspect({ abortSignal }),
    );
    const { State, Name, Id } = info;
    const state = State.Status === 'created' ? 'created' : State.Running ? 'running' : 'stopped';
    const data = {
      id: Id,
      name: Name.replace(/^\//, ''),
      state,
      ...(state === 'stopped' ? { exitCode: State.ExitCode } : {}),
      ...(State.OOMKilled ? { oomKilled: true } : {}),
    };
    this.#context.tell.fact('engine/has-container', data, { ...this.#about(), actor: this.#engine!.actor });
    return info;
  }

  async #takeApart(keep: boolean): Promise<void> {
    if (this.#id === undefined) return;
    if (!keep) return this.#removeContainer(false);
    this.#kept = true;
    this.#write('kept');
  }

  async #removeContainer(force: boolean): Promise<void> {
    const act = { step: 'engine/remove-container', data: { id: this.#id } };
    await ask(this.#engine!, this.#asking({ act }), (_docker, abortSignal) =>
      this.#container().remove({ v: true, force: force || this.#started, abortSignal }),
    );
    removeEntry(this.#parts.stateDir, this.#context.runId);
    const data = { id: this.#id, state: 'stopped', gone: true };
    this.#context.tell.fact('engine/has-container', data, { ...this.#about(), actor: this.#engine!.actor });
  }

  async #stopRunning({ signal, graceMs = DEFAULT_GRACE_MS }: { signal?: string; graceMs?: number }) {
    this.#context.state('stopping');
    if (graceMs === 0) await this.#kill('SIGKILL');
    else {
      const data = { signal: signal ?? 'SIGTERM', graceMs };
      const act = { step: 'engine/stop-container', data };
      const asking = this.#asking({ act, timeoutMs: graceMs + 60_000 });
      await ask(this.#engine!, asking, (_docker, abortSignal) =>
        this.#container().stop({
          _query: { t: Math.ceil(graceMs / 1000) },
          _body: {},
          abortSignal,
        } as object),
      );
    }
    await this.#exited;
  }

  async #kill(signal: string): Promise<void> {
    const act = { step: 'engine/kill-container', data: { signal } };
    await ask(this.#engine!, this.#asking({ act }), (_docker, abortSignal) =>
      this.#container().kill({ _query: { signal }, _body: {}, abortSignal } as object),
    );
  }

  async #resize(): Promise<void> {
    const { cols: w, rows: h } = this.#size!;
    await ask(this.#engine!, this.#asking(), (_docker, abortSignal) =>
      this.#container().resize({ _query: { w, h }, _body: {}, abortSignal } as object),
    );
  }

  #container() {
    return this.#engine!.docker.getContainer(this.#id!);
  }

  #asking(more: Partial<Asking> = {}): Asking {
    const { tell, clientSpan } = this.#context;
    return { tell, cause: [clientSpan], container: this.#id, ...more };
  }

  #about(): { cause: string[]; container?: string } {
    return { cause: [this.#context.clientSpan], ...(this.#id ? { container: this.#id } : {}) };
  }
}
