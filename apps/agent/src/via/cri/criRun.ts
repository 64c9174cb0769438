import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import type { RunRequest } from '@underdock/trace';
import { AgentError } from '../../error.ts';
import { Course, failedOutcome } from '../course.ts';
import { effectiveLimits } from '../embedded/limits.ts';
import type { ContainerOrders, Outcome, ViaContext, ViaRun } from '../via.ts';
import { type CriAsking, type CriRuntime, KUBELET_ACTOR } from './ask.ts';
import { CriPod } from './criPod.ts';
import { waitForExit } from './exit.ts';
import { containerConfig, LOG_NAME, notInCri, podConfig } from './flags.ts';
import { supplyImage } from './images.ts';
import { logFolder, removeEntry, writeEntry } from './journal.ts';
import { followLog, type LogFollower } from './logs.ts';
import type { ContainerStatus } from './messages.ts';
import { criOrders } from './orders.ts';
import { planPod, readBackStarted } from './planPod.ts';
import { limitPod, removePodCgroup, tellPodLimit } from './podCgroup.ts';
import { removePodsOf } from './recover.ts';
import { hasUnifiedCgroups } from './runtimes.ts';

/** What a run in a pod needs besides its request. */
export interface CriRunParts {
  runtime: (asking: CriAsking) => Promise<CriRuntime>;
  stateDir: string;
  starter?: (() => Promise<string>) | undefined;
  name: string;
}

const DEFAULT_GRACE_MS = 10_000;

/** Runs one container in a pod of its own by the CRI, from request to removal. */
export function runByCri(parts: CriRunParts, request: RunRequest, context: ViaContext): ViaRun {
  return new CriRun(parts, request, context);
}

class CriRun implements ViaRun {
  readonly done: Promise<Outcome>;
  readonly orders: ContainerOrders;
  readonly #parts: CriRunParts;
  readonly #request: RunRequest;
  readonly #context: ViaContext;
  readonly #course = new Course();
  readonly #unified = hasUnifiedCgroups();
  readonly #logs: string;
  #runtime: CriRuntime | undefined;
  #pod: CriPod | undefined;
  #cgroup = '';
  #log: LogFollower | undefined;
  #kept = false;
  #exited: Promise<ContainerStatus> | undefined;

  constructor(parts: CriRunParts, request: RunRequest, context: ViaContext) {
    this.#parts = parts;
    this.#request = request;
    this.#context = context;
    this.#logs = logFolder(parts.stateDir, context.runId);
    this.orders = criOrders(
      () => this.#running(),
      join(this.#logs, LOG_NAME),
      () => this.#unified,
    );
    this.done = this.#live();
  }

  /** Nothing is attached: the container reads from /dev/null. */
  input(): void {}
  endInput(): void {}
  resize(): void {}

  release(by: string): void {
    this.#course.gate.open(by);
  }

  async stop(options: { signal?: string; graceMs?: number } = {}): Promise<void> {
    await this.#course.stop(options, {
      done: this.done,
      ask: (how) => this.#stopRunning(how),
      kill: () => this.#running().stop(0, this.#asking()),
    });
  }

  async remove(): Promise<void> {
    if (!this.#kept) return;
    await this.#remove();
    this.#pod?.runtime.daemon.close();
    this.#kept = false;
  }

  #asking(cause: string[] = []): CriAsking {
    const { tell, clientSpan } = this.#context;
    return { tell, cause: [...cause, clientSpan] };
  }

  async #live(): Promise<Outcome> {
    try {
      const pod = await this.#create();
      await this.#hold(pod);
      await this.#start(pod);
      const { status } = await this.#exited!;
      this.#course.end();
      await this.#log?.finish();
      const { exitCode = 125, reason } = status ?? {};
      pod.containerIs({ state: 'stopped', exitCode, ...(reason === 'OOMKilled' ? { oomKilled: true } : {}) });
      await this.#takeApart(this.#request.keep);
      return { exitCode };
    } catch (error) {
      this.#course.fail(error);
      // The first error is the one that counts; what is left is written down for the next start.
      await this.#takeApart(false).catch(() => {});
      void this.#log?.finish();
      return failedOutcome(error);
    } finally {
      if (!this.#kept) this.#runtime?.daemon.close();
    }
  }

  async #create(): Promise<CriPod> {
    const { signal } = this.#course;
    const runtime = await this.#parts.runtime({ ...this.#asking(), signal });
    this.#runtime = runtime;
    signal.throwIfAborted();
    const { starter, name } = this.#parts;
    const { image } = this.#request;
    const found = await supplyImage(runtime, image, { ...this.#asking(), signal, starter });
    this.#context.learnEnv?.(found.env);
    const { defaults, ...limits } = effectiveLimits(this.#request);
    const act = this.#context.tell.begin(
      'engine/create-container',
      { name, image, limits, defaults },
      { cause: [this.#context.clientSpan], actor: KUBELET_ACTOR },
    );
    try {
      const pod = await this.#createPod(runtime, found.name, { ...this.#asking([act.span]), signal });
      act.end({ id: pod.container });
      return pod;
    } catch (error) {
      act.fail(error);
      throw error;
    }
  }

  async #createPod(runtime: CriRuntime, image: string, asking: CriAsking): Promise<CriPod> {
    const limits = effectiveLimits(this.#request);
    const around = await planPod(
      { runtime, image, name: this.#parts.name, logs: this.#logs, unified: this.#unified },
      this.#request,
      this.#context,
    );
    this.#cgroup = around.cgroup;
    const runtimeClass = this.#request.runtime ?? '';
    const pod = new CriPod(runtime, podConfig(this.#request, around), runtimeClass, this.#context);
    this.#pod = pod;
    mkdirSync(this.#logs, { recursive: true, mode: 0o700 });
    this.#write('live');
    if (!this.#unified && this.#cgroup !== '') limitPod(this.#cgroup, limits.pidsLimit, asking);
    await pod.run(asking);
    const id = await pod.create(containerConfig(this.#request, around), limits, asking);
    if (!this.#unified && this.#cgroup !== '') tellPodLimit(this.#cgroup, id, asking);
    this.#write('live');
    return pod;
  }

  #write(state: 'live' | 'kept'): void {
    const { runtime, container } = this.#pod!;
    const { stateDir, name } = this.#parts;
    writeEntry(stateDir, {
      run: this.#context.runId,
      name,
      socket: runtime.daemon.socket,
      private: runtime.kind === 'private',
      cgroup: this.#cgroup,
      ...(container ? { container } : {}),
      state,
    });
  }

  async #hold(pod: CriPod): Promise<void> {
    if (!this.#request.hold) return;
    this.#context.state('held');
    const why =
      'asked to wait between create and start: the pod runs with its pause process, and the container is written down in it';
    const about = { ...pod.asking(), actor: KUBELET_ACTOR, cause: [this.#context.clientSpan] };
    const act = this.#context.tell.begin(
      'engine/hold',
      { why },
      { cause: about.cause, actor: about.actor, container: pod.container! },
    );
    await this.#course.hold(act);
  }

  async #start(pod: CriPod): Promise<void> {
    const { signal } = this.#course;
    signal.throwIfAborted();
    const { tell, clientSpan } = this.#context;
    const id = pod.container!;
    this.#course.start();
    const act = tell.begin(
      'engine/start-container',
      { id },
      { cause: [clientSpan], container: id, actor: KUBELET_ACTOR },
    );
    try {
      const command = this.#request.entrypoint || this.#request.command[0] || 'of the image';
      await pod.start(command, pod.asking({ cause: [act.span, clientSpan] }));
      act.end();
    } catch (error) {
      this.#course.start(false);
      act.fail(error);
      throw error;
    }
    pod.containerIs({ state: 'running' });
    this.#log = followLog(join(this.#logs, LOG_NAME), this.#context.output);
    this.#exited = waitForExit(pod, pod.asking(), signal);
    this.#exited.catch(() => {});
    if (!this.#course.isStopped) this.#context.state('running');
    if (!this.#context.looks) await readBackStarted(pod, this.#context);
  }

  async #takeApart(keep: boolean): Promise<void> {
    if (!this.#pod) return;
    if (!keep) return this.#remove();
    this.#kept = true;
    this.#write('kept');
  }

  async #remove(): Promise<void> {
    const pod = this.#pod!;
    const { tell, clientSpan, runId } = this.#context;
    const container = pod.container ?? pod.sandbox;
    const act = tell.begin(
      'engine/remove-container',
      { id: container ?? '' },
      { cause: [clientSpan], ...(container ? { container } : {}), actor: KUBELET_ACTOR },
    );
    try {
      await pod.remove(pod.asking({ cause: [act.span, clientSpan] }));
      // Who broke the making of a pod off, or waited in vain, was not told its id; it may be there all the same.
      if (pod.asked && !pod.sandbox) await removePodsOf(pod.runtime, runId);
      removePodCgroup(this.#cgroup);
      act.end();
    } catch (error) {
      act.fail(error);
      throw error;
    }
    removeEntry(this.#parts.stateDir, runId);
  }

  async #stopRunning({
    signal = 'SIGTERM',
    graceMs = DEFAULT_GRACE_MS,
  }: {
    signal?: string;
    graceMs?: number;
  }) {
    const pod = this.#running();
    const kills = signal.replace(/^(?!SIG)/, 'SIG') === 'SIGKILL';
    if (!kills && signal.replace(/^(?!SIG)/, 'SIG') !== 'SIGTERM') {
      throw notInCri(
        `the CRI stops with the image’s own signal or SIGTERM, not with ${signal}`,
        'leave the signal out',
      );
    }
    this.#context.state('stopping');
    const { tell, clientSpan } = this.#context;
    const told = { cause: [clientSpan], container: pod.container!, actor: KUBELET_ACTOR };
    const act = tell.begin('engine/stop-container', { signal, graceMs }, told);
    try {
      // The CRI counts grace in whole seconds.
      await pod.stop(kills ? 0 : Math.ceil(graceMs / 1000), pod.asking({ cause: [act.span, clientSpan] }));
      await this.#exited;
      act.end();
    } catch (error) {
      act.fail(error);
      throw error;
    }
  }

  #running(): CriPod {
    if (this.#pod && this.#course.runs) return this.#pod;
    throw new AgentError('not-running', 'the container does not run', {
      remedy: 'wait until it runs, or run it again',
    });
  }
}
