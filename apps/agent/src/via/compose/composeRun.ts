import { readFileSync } from 'node:fs';
import { dirname } from 'node:path';
import type { RunRequest } from '@underdock/trace';
import { spawn } from '../../children.ts';
import { AgentError } from '../../error.ts';
import { programPath } from '../../programs.ts';
import { describeError } from '../../run/error.ts';
import type { Engine } from '../docker/engine.ts';
import { supplyImage } from '../docker/images.ts';
import { settlesWithin } from '../gate.ts';
import type { Outcome, ViaContext, ViaRun } from '../via.ts';
import { ComposeServices } from './composeServices.ts';

/** What a run of a compose file needs besides its request. */
export interface ComposeParts {
  engine: () => Promise<Engine>;
  command: () => Promise<string[]>;
  starter?: (() => Promise<string>) | undefined;
}

/** Compose gives each service ten seconds to stop, one after the other as they depend on each other. */
const DEFAULT_GRACE_MS = 60_000;

/** Brings the services of a compose file up, and takes them down again when they have ended or are to be stopped. */
export function runCompose(parts: ComposeParts, request: RunRequest, context: ViaContext): ViaRun {
  return new ComposeRun(parts, request, context);
}

class ComposeRun implements ViaRun {
  readonly done: Promise<Outcome>;
  #parts: ComposeParts;
  #request: RunRequest;
  #context: ViaContext;
  #project: string;
  #abort = new AbortController();
  #up: { kill: (signal: NodeJS.Signals) => void; ended: Promise<number> } | undefined;

  constructor(parts: ComposeParts, request: RunRequest, context: ViaContext) {
    this.#parts = parts;
    this.#request = request;
    this.#context = context;
    this.#project = `underdock-${context.runId}`;
    this.done = this.#live();
  }

  input(): void {}
  endInput(): void {}
  resize(): void {}
  release(): void {}
  async remove(): Promise<void> {}

  async stop({ graceMs = DEFAULT_GRACE_MS }: { graceMs?: number } = {}): Promise<void> {
    this.#abort.abort(new AgentError('stopped', 'stopped before the services were up'));
    this.#context.state('stopping');
    // The first interrupt asks compose to stop its services, the second one to kill them.
    this.#up?.kill('SIGINT');
    if (this.#up && !(await settlesWithin(this.#up.ended, graceMs))) this.#up.kill('SIGINT');
    await this.done;
  }

  async #live(): Promise<Outcome> {
    try {
      const command = await this.#parts.command();
      const engine = await this.#parts.engine();
      await this.#supplyStarter(engine);
      const exitCode = await this.#bringUp(engine, command);
      return { exitCode };
    } catch (error) {
      return { exitCode: 125, error: describeError(error) };
    }
  }

  async #bringUp(engine: Engine, command: string[]): Promise<number> {
    this.#abort.signal.throwIfAborted();
    const { clientSpan } = this.#context;
    const services = new ComposeServices(engine, this.#project, this.#context, clientSpan);
    try {
      const up = this.#spawn(engine, [...command, ...this.#words(), 'up', ...this.#request.command]);
      this.#up = up;
      this.#context.state('running');
      return await up.ended;
    } finally {
      this.#up = undefined;
      if (!this.#request.keep)
        await this.#spawn(engine, [...command, ...this.#words(), 'down', '--remove-orphans']).ended;
      await services.close();
    }
  }

  #words(): string[] {
    return ['-f', this.#request.image, '-p', this.#project];
  }

  /** The command as one would type it, told; it is interrupted when the agent dies, and stops its services then. */
  #spawn(engine: Engine, argv: string[]): { kill: (signal: NodeJS.Signals) => void; ended: Promise<number> } {
    const { tell, clientSpan } = this.#context;
    const act = tell.begin('client/command', { argv }, { cause: [clientSpan] });
    const child = spawn(programPath('setpriv'), ['--pdeathsig', 'INT', '--', ...argv], {
      cwd: dirname(this.#request.image),
      env: { ...process.env, DOCKER_HOST: `unix://${engine.socket}` },
      stdio: ['ignore', 'pipe', 'pipe'],
      detached: true,
    });
    if (child.pid) tell.spawned(child.pid, act.span, 'client', 'compose');
    child.stdout.on('data', (bytes: Buffer) => this.#context.output('stdout', bytes));
    child.stderr.on('data', (bytes: Buffer) => this.#context.output('stderr', bytes));
    const ended = new Promise<number>((resolve) => {
      child.once('error', () => resolve(125));
      child.once('close', (code, signal) => resolve(code ?? (signal ? 130 : 125)));
    });
    void ended.then((exitCode) => act.end({ exitCode }));
    return { kill: (signal) => void child.kill(signal), ended };
  }

  /** `image: starter` in a compose file stands for ours: compose takes an image that the engine has by that name. */
  async #supplyStarter(engine: Engine): Promise<void> {
    if (!/^\s*image:\s*["']?starter["']?\s*$/m.test(readFileSync(this.#request.image, 'utf8'))) return;
    const { tell, clientSpan } = this.#context;
    const { signal } = this.#abort;
    const { starter } = this.#parts;
    const { name } = await supplyImage(engine, 'starter', { tell, cause: [clientSpan], signal, starter });
    await engine.docker.getImage(name).tag({ repo: 'starter', tag: 'latest' });
  }
}
