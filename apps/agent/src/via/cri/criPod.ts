import type { EffectiveLimits } from '../embedded/limits.ts';
import type { ViaContext } from '../via.ts';
import { askCri, type CriAsking, type CriRuntime, KUBELET_ACTOR } from './ask.ts';
import { containerFailure, numberIn, sandboxFailure, tolerating } from './failure.ts';
import { toldContainer, toldPod } from './flags.ts';
import type { ContainerConfig, ContainerStatus, PodSandboxConfig, PodSandboxStatus } from './messages.ts';

/** The kinds of namespaces that the containers of a pod join instead of getting their own. */
const SHARED = ['net', 'ipc', 'uts'];
/** A runtime that has to pull the pause image first needs longer. */
const SANDBOX_MS = 5 * 60_000;

/** A pod with one container in a runtime, and each call about it, told. */
export class CriPod {
  readonly runtime: CriRuntime;
  readonly config: PodSandboxConfig;
  readonly runtimeClass: string;
  readonly #context: ViaContext;
  /** The runtime was asked to make the pod, whatever came of it. */
  asked = false;
  sandbox: string | undefined;
  container: string | undefined;

  constructor(runtime: CriRuntime, config: PodSandboxConfig, runtimeClass: string, context: ViaContext) {
    this.runtime = runtime;
    this.config = config;
    this.runtimeClass = runtimeClass;
    this.#context = context;
  }

  /** On whose behalf a call is made: of the act around it, and of the command. */
  asking(more: Partial<CriAsking> = {}): CriAsking {
    const { tell, clientSpan } = this.#context;
    const { container } = this;
    return { tell, cause: [clientSpan], ...(container ? { container } : {}), ...more };
  }

  get isOnNode(): boolean {
    return this.config.linux.securityContext.namespaceOptions.network === 'NODE';
  }

  /** Makes the pod: its pause container, and the namespaces that its containers share. */
  async run(asking: CriAsking): Promise<void> {
    const { config, runtimeClass } = this;
    const { name } = config.metadata;
    const { hostname } = config;
    const ended = ({ podSandboxId }: { podSandboxId: string }) => ({ id: podSandboxId });
    const network = this.isOnNode ? 'node' : 'pod';
    const data = {
      name,
      network,
      ...(hostname ? { hostname } : {}),
      ...(runtimeClass ? { runtime: runtimeClass } : {}),
    };
    const expected = this.#context.expects?.();
    this.asked = true;
    try {
      const { podSandboxId } = await askCri<{ podSandboxId: string }>(
        this.runtime,
        'RunPodSandbox',
        { config, runtimeHandler: runtimeClass },
        {
          ...asking,
          request: { config: toldPod(config), ...(runtimeClass ? { runtimeHandler: runtimeClass } : {}) },
          act: { step: 'high-level/run-sandbox', data, ended },
          timeoutMs: SANDBOX_MS,
          crictl: 'runp pod.json',
        },
      );
      this.sandbox = podSandboxId;
      this.#context.container?.(podSandboxId, 'sandbox');
    } catch (error) {
      throw sandboxFailure(error, this.runtime, runtimeClass);
    } finally {
      expected?.();
    }
    await this.look(asking);
  }

  /** What the runtime says of the pod now, told as a fact: its pause process, its address. */
  async look(asking: CriAsking): Promise<void> {
    const id = this.sandbox!;
    const { status, info } = await askCri<PodSandboxStatus>(
      this.runtime,
      'PodSandboxStatus',
      { podSandboxId: id, verbose: true },
      { ...asking, container: id, crictl: `inspectp ${id}` },
    );
    const pid = numberIn(info.info, 'pid');
    const ip = status?.network?.ip;
    this.#sandboxIs({
      state: status?.state === 'SANDBOX_READY' ? 'ready' : 'notready',
      ...(pid ? { pid } : {}),
      ...(ip ? { ip } : {}),
    });
  }

  #sandboxIs(data: Record<string, unknown>): void {
    const { name } = this.config.metadata;
    const { pauseImage, daemon } = this.runtime;
    const network = this.isOnNode ? 'node' : 'pod';
    const shares = this.isOnNode ? ['ipc'] : SHARED;
    const image = pauseImage ? { image: pauseImage } : {};
    const { tell, clientSpan } = this.#context;
    const told = { cause: [clientSpan], container: this.sandbox!, actor: daemon.actor };
    tell.fact('high-level/has-sandbox', { id: this.sandbox, name, ...image, network, shares, ...data }, told);
  }

  /** Notes the container down in the pod. With CRI-O its process exists from now on; with containerd from start on. */
  async create(config: ContainerConfig, { defaults }: EffectiveLimits, asking: CriAsking): Promise<string> {
    const { name } = config.metadata;
    const ended = ({ containerId }: { containerId: string }) => ({ id: containerId });
    const expected = this.#context.expects?.();
    try {
      const { containerId } = await askCri<{ containerId: string }>(
        this.runtime,
        'CreateContainer',
        { podSandboxId: this.sandbox, config, sandboxConfig: this.config },
        {
          ...asking,
          request: { podSandboxId: this.sandbox, config: toldContainer(config, defaults) },
          act: { step: 'high-level/create-container', data: { name, image: config.image.image }, ended },
          crictl: `create ${this.sandbox} container.json pod.json`,
        },
      );
      this.container = containerId;
      this.#context.container?.(containerId);
      this.containerIs({ name, image: config.image.image, state: 'created' });
      return containerId;
    } catch (error) {
      throw containerFailure(error, this.runtime.daemon.name, [...config.command, ...config.args][0] ?? '');
    } finally {
      expected?.();
    }
  }

  /** Lets it go. `command` is what it is to run, for the words of an error. */
  async start(command: string, asking: CriAsking): Promise<void> {
    try {
      await this.#simple('StartContainer', 'high-level/start-container', 'start', asking);
    } catch (error) {
      throw containerFailure(error, this.runtime.daemon.name, command);
    }
  }

  /** What the runtime says of the container now. */
  async status(asking: CriAsking): Promise<ContainerStatus> {
    const id = this.container!;
    const message = { containerId: id, verbose: true };
    return askCri<ContainerStatus>(this.runtime, 'ContainerStatus', message, {
      ...asking,
      container: id,
      crictl: `inspect ${id}`,
    });
  }

  /** SIGTERM (or the image’s own signal), and SIGKILL after so many seconds: the CRI knows no other signals. */
  async stop(timeout: number, asking: CriAsking): Promise<void> {
    await this.#simple(
      'StopContainer',
      'high-level/stop-container',
      `stop --timeout ${timeout}`,
      {
        ...asking,
        request: { timeout },
        timeoutMs: timeout * 1000 + 60_000,
      },
      { timeout },
    );
  }

  /** Removes container and pod; what is gone already counts as removed. */
  async remove(asking: CriAsking): Promise<void> {
    const fine = ['NOT_FOUND'] as const;
    if (this.container) {
      await tolerating(() =>
        this.#simple('RemoveContainer', 'high-level/remove-container', 'rm', { ...asking, fine }),
      );
      this.containerIs({ state: 'stopped', gone: true });
    }
    if (!this.sandbox) return;
    await tolerating(() =>
      this.#ofPod('StopPodSandbox', 'high-level/stop-sandbox', 'stopp', { ...asking, fine }),
    );
    await tolerating(() =>
      this.#ofPod('RemovePodSandbox', 'high-level/remove-sandbox', 'rmp', { ...asking, fine }),
    );
    this.#sandboxIs({ state: 'notready', gone: true });
  }

  containerIs(data: Record<string, unknown>): void {
    const { tell, clientSpan } = this.#context;
    const told = { cause: [clientSpan], container: this.container!, actor: KUBELET_ACTOR };
    tell.fact('engine/has-container', { id: this.container, ...data }, told);
  }

  async #simple(
    verb: string,
    step: string,
    crictl: string,
    asking: CriAsking,
    more: Record<string, unknown> = {},
  ): Promise<void> {
    const id = this.container!;
    await askCri(
      this.runtime,
      verb,
      { containerId: id, ...more },
      {
        ...asking,
        container: id,
        act: { step, data: { id, ...more } },
        crictl: `${crictl} ${id}`,
      },
    );
  }

  async #ofPod(verb: string, step: string, crictl: string, asking: CriAsking): Promise<void> {
    const id = this.sandbox!;
    await askCri(
      this.runtime,
      verb,
      { podSandboxId: id },
      {
        ...asking,
        container: id,
        act: { step, data: { id } },
        crictl: `${crictl} ${id}`,
      },
    );
  }
}
