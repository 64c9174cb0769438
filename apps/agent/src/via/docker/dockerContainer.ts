import type { Duplex } from 'node:stream';
import { setTimeout as pause } from 'node:timers/promises';
import type { Container, ContainerCreateOptions, ContainerInspectInfo } from 'dockerode';
import { askVersion } from '../../daemons/findEngine.ts';
import { AgentError } from '../../error.ts';
import type { EffectiveLimits } from '../embedded/limits.ts';
import type { ViaContext } from '../via.ts';
import { type Attachment, attach } from './attachment.ts';
import { toldFields } from './containerBody.ts';
import { type Asking, ask, type Engine, EngineRefusal } from './engine.ts';
import { createFailure, startFailure } from './startFailure.ts';

/** An engine that is restarted is waited for so long (ms). */
const RETURN_MS = 60_000;
const LOOK_AGAIN_MS = 250;
const DIED = { remedy: 'run it again: the engine is started anew' };

/** What is asked of the engine for a container that is to be made. */
export interface ContainerWanted {
  name: string;
  /** The image as the user named it. */
  image: string;
  body: ContainerCreateOptions;
  limits: EffectiveLimits;
}

/** One container of an engine, and each request about it, told. */
export class DockerContainer {
  readonly engine: Engine;
  readonly id: string;
  #context: ViaContext;

  private constructor(engine: Engine, id: string, context: ViaContext) {
    this.engine = engine;
    this.id = id;
    this.#context = context;
  }

  /** Makes the container. Rejects with AgentError that says what the engine complains of. */
  static async create(
    engine: Engine,
    { name, image, body, limits: { defaults, ...limits } }: ContainerWanted,
    context: ViaContext,
    signal: AbortSignal,
  ): Promise<DockerContainer> {
    const about = { tell: context.tell, cause: [context.clientSpan], signal };
    const ended = (answer: unknown) => ({ id: (answer as { id: string }).id });
    const act = { step: 'engine/create-container', data: { name, image, limits, defaults }, ended };
    try {
      const made = await ask(
        engine,
        { ...about, request: toldFields(body, defaults), act },
        (docker, abortSignal) =>
          docker.createContainer({ _query: { name }, _body: body, abortSignal } as object),
      );
      return new DockerContainer(engine, made.id, context);
    } catch (error) {
      throw createFailure(error, body.HostConfig?.Runtime ? await runtimesOf(engine, about) : []);
    }
  }

  /** dockerode's own view of it. */
  get container(): Container {
    return this.engine.docker.getContainer(this.id);
  }

  asking(more: Partial<Asking> = {}): Asking {
    const { tell, clientSpan } = this.#context;
    return { tell, cause: [clientSpan], container: this.id, ...more };
  }

  /** Connects to its streams; what it writes goes to the run. */
  async attach(interactive: boolean, tty: boolean): Promise<Attachment> {
    const streams = ['stdout', 'stderr', ...(interactive ? ['stdin'] : [])];
    const query = { stream: 1, stdout: 1, stderr: 1, ...(interactive ? { stdin: 1 } : {}) };
    const stream = await ask(this.engine, this.asking(), (_docker, abortSignal) =>
      this.container.attach({ _query: query, hijack: true, stdin: interactive, abortSignal } as object),
    );
    this.#context.tell.log('client/attach', { streams }, this.about());
    return attach(stream as unknown as Duplex, tty, this.#context.output);
  }

  /** Lets it go. `command` is what it is to run, for the words of an error. */
  async start(command: string): Promise<void> {
    const act = { step: 'engine/start-container', data: { id: this.id } };
    try {
      await ask(this.engine, this.asking({ act }), (_docker, abortSignal) =>
        this.container.start({ abortSignal }),
      );
    } catch (error) {
      throw startFailure(error, command);
    }
  }

  /** What the engine says that it is now: also told. */
  async look(): Promise<ContainerInspectInfo> {
    const info = await ask(this.engine, this.asking(), (_docker, abortSignal) =>
      this.container.inspect({ abortSignal }),
    );
    const { Status, Running, ExitCode, OOMKilled } = info.State;
    const state = Status === 'created' ? 'created' : Running ? 'running' : 'stopped';
    this.#say({
      name: info.Name.replace(/^\//, ''),
      state,
      ...(state === 'stopped' ? { exitCode: ExitCode } : {}),
      ...(OOMKilled ? { oomKilled: true } : {}),
    });
    return info;
  }

  /**
   * Resolves with its exit code. Asked before start, as docker's own client does, so that no exit can come before anybody waits
   * for it. An engine that goes away meanwhile is waited for: `back` is called when the container has outlived that.
   */
  async exit(over: AbortSignal, back: () => Promise<unknown>): Promise<number> {
    for (;;) {
      try {
        const answer = await ask(
          this.engine,
          this.asking({ timeoutMs: 0, signal: over }),
          (_docker, abortSignal) =>
            this.container.wait({ _query: { condition: 'next-exit' }, _body: {}, abortSignal } as object),
        );
        return (answer as { StatusCode: number }).StatusCode;
      } catch (error) {
        if ((error as AgentError).code !== 'engine-unreachable') throw error;
        const ended = await this.#return(over, error);
        if (ended !== undefined) return ended;
        await back();
      }
    }
  }

  /** Waits for the engine to come back. Resolves with the exit code if the container has ended. */
  async #return(over: AbortSignal, lost: unknown): Promise<number | undefined> {
    const since = performance.now();
    while (!(await this.#answers())) {
      over.throwIfAborted();
      if (performance.now() - since > RETURN_MS) throw lost;
      await pause(LOOK_AGAIN_MS);
      const death = this.engine.death?.();
      if (death)
        throw new AgentError('engine-died', `underdock’s own docker engine has died (${death})`, DIED);
    }
    const away = Math.round(performance.now() - since);
    const { State } = await this.look();
    const state = State.Running ? 'running' : 'stopped';
    const actions = [`the engine was away for ${away} ms`, `it says that the container is ${state}`];
    this.#context.tell.log('engine/recovered', { id: this.id, state, actions }, this.about());
    return State.Running ? undefined : State.ExitCode;
  }

  async #answers(): Promise<boolean> {
    return askVersion(this.engine.socket).then(
      () => true,
      () => false,
    );
  }

  /** The engine asks with the signal (its own choice where none is named), and kills after `graceMs`. */
  async stop(signal: string | undefined, graceMs: number): Promise<void> {
    const data = { signal: signal ?? 'SIGTERM', graceMs };
    const t = Math.ceil(graceMs / 1000);
    const query = { t, ...(signal ? { signal } : {}) };
    const asking = this.asking({
      act: { step: 'engine/stop-container', data },
      timeoutMs: t * 1000 + 60_000,
      fine: [304],
    });
    await tolerating(304, () =>
      ask(this.engine, asking, (_docker, abortSignal) =>
        this.container.stop({ _query: query, _body: {}, abortSignal } as object),
      ),
    );
  }

  async kill(signal: string, cause?: string): Promise<void> {
    const act = { step: 'engine/kill-container', data: { signal } };
    const asking = this.asking({ act });
    if (cause) asking.cause.unshift(cause);
    await ask(this.engine, asking, (_docker, abortSignal) =>
      this.container.kill({ _query: { signal }, _body: {}, abortSignal } as object),
    );
  }

  async resize({ cols, rows }: { cols: number; rows: number }): Promise<void> {
    await ask(this.engine, this.asking(), (_docker, abortSignal) =>
      this.container.resize({ _query: { w: cols, h: rows }, _body: {}, abortSignal } as object),
    );
  }

  /** Removes it with its volumes that have no name. One that is gone already counts as removed. */
  async remove(): Promise<void> {
    const act = { step: 'engine/remove-container', data: { id: this.id } };
    await tolerating(404, () =>
      ask(this.engine, this.asking({ act, fine: [404] }), (_docker, abortSignal) =>
        this.container.remove({ _query: { v: 1, force: 1 }, _body: {}, abortSignal } as object),
      ),
    );
    this.#say({ state: 'stopped', gone: true });
  }

  about(): { cause: string[]; container: string } {
    return { cause: [this.#context.clientSpan], container: this.id };
  }

  #say(data: Record<string, unknown>): void {
    const told = { ...this.about(), actor: this.engine.actor };
    this.#context.tell.fact('engine/has-container', { id: this.id, ...data }, told);
  }
}

async function tolerating(status: number, call: () => Promise<unknown>): Promise<void> {
  try {
    await call();
  } catch (error) {
    if (!(error instanceof EngineRefusal) || error.status !== status) throw error;
  }
}

/** The names of the runtimes that the engine knows; none where it can't be asked. */
async function runtimesOf(engine: Engine, about: Asking): Promise<string[]> {
  try {
    const { Runtimes } = await ask(engine, about, (docker) => docker.info());
    return Object.keys((Runtimes as Record<string, unknown> | undefined) ?? {});
  } catch {
    return [];
  }
}
