import { setTimeout as pause } from 'node:timers/promises';
import { AgentError } from '../../error.ts';
import type { BuiltConfig } from '../embedded/bundle/config.ts';
import type { Calling } from '../grpc/call.ts';
import type { ViaContext } from '../via.ts';
import { ask, type Containerd, ctr } from './api.ts';
import { taskFailure } from './failure.ts';
import type { Fifos } from './fifos.ts';
import { endLease, kindOf, leaseOf, RUN_LABEL, removeContainer, removeTask } from './removal.ts';
import { SHIM, type ShimRuntime } from './runtimes.ts';
import type { Mount } from './unpack.ts';

/** `typeurl` of the OCI configuration, which goes as JSON. */
const SPEC_URL = 'types.containerd.io/opencontainers/runtime-spec/1/Spec';
const OPTIONS = 'containerd.runc.v1.Options';

/** A containerd that is restarted is waited for so long (ms). */
const RETURN_MS = 60_000;
const LOOK_AGAIN_MS = 250;

/** Who is to be made in containerd. */
export interface ContainerWanted {
  id: string;
  name: string;
  /** The image’s name in containerd. */
  image: string;
  runtime: ShimRuntime;
  built: BuiltConfig;
}

/** One container in containerd, and each call about it, told. */
export class ContainerdContainer {
  readonly containerd: Containerd;
  readonly id: string;
  #context: ViaContext;
  /** Keeps garbage collection away while things are made. */
  #lease: Record<string, string> = {};
  #runtime = '';
  #command = '';

  constructor(containerd: Containerd, id: string, context: ViaContext) {
    this.containerd = containerd;
    this.id = id;
    this.#context = context;
  }

  calling(more: Partial<Calling> = {}): Calling {
    const { tell, clientSpan } = this.#context;
    return { tell, cause: [clientSpan], container: this.id, metadata: this.#lease, ...more };
  }

  /** The program of the runtime, for words about what it says. */
  get runtime(): string {
    return this.#runtime;
  }

  /** The run’s own act, the cause of what nothing nearer causes. */
  get clientSpan(): string {
    return this.#context.clientSpan;
  }

  about(): { cause: string[]; container: string } {
    return { cause: [this.#context.clientSpan], container: this.id };
  }

  /** From now on what is made is held by a lease: it ends with `release`, or in a day. */
  async lease(): Promise<void> {
    const { daemon, socket } = this.containerd;
    const { runId } = this.#context;
    const id = leaseOf(runId);
    const labels = {
      [RUN_LABEL]: runId,
      'containerd.io/gc.expire': new Date(Date.now() + 86_400_000).toISOString().replace(/\.\d+/, ''),
    };
    const equivalent = ctr(socket, 'leases', 'create', '--id', id, '--expires', '24h');
    await ask(daemon, 'Leases/Create', { id, labels }, this.calling({ request: { id }, equivalent }));
    this.#lease = { 'containerd-lease': id };
  }

  /** Gives the lease up, where there is one. */
  async release(): Promise<void> {
    if (Object.keys(this.#lease).length === 0) return;
    this.#lease = {};
    await endLease(this.containerd, this.#context.runId, this.calling());
  }

  /** The container’s own layer on top of the image’s. */
  async prepareSnapshot(parent: string, layers: number): Promise<Mount[]> {
    const { daemon, socket, snapshotter, actor } = this.containerd;
    const kind = kindOf(snapshotter);
    const act = {
      step: 'high-level/prepare-snapshot',
      data: { kind, target: this.id },
      ended: ({ mounts }: { mounts: Mount[] }) => placesOf(mounts),
    };
    const message = { snapshotter, key: this.id, parent };
    const calling = this.calling({
      act,
      request: message,
      equivalent: ctr(socket, 'snapshots', 'prepare', this.id, ...(parent ? [parent] : [])),
    });
    const { mounts } = await ask<{ mounts: Mount[] }>(daemon, 'Snapshots/Prepare', message, calling);
    const data = { kind, target: this.id, layers, ...placesOf(mounts) };
    this.#context.tell.fact('high-level/has-snapshot', data, { ...this.about(), actor });
    return mounts;
  }

  /** Notes the container down in containerd: nothing runs yet. */
  async create({ name, image, runtime, built }: ContainerWanted): Promise<void> {
    const { daemon, socket, snapshotter } = this.containerd;
    const { config } = built;
    this.#runtime = runtime.binary || (runtime.name === SHIM ? 'runc' : runtime.name);
    this.#command = config.process.args[0] ?? '';
    const spec = { type_url: SPEC_URL, value: Buffer.from(JSON.stringify(config)) };
    const told = { id: this.id, image, runtime: runtime.name, snapshotter };
    const container = {
      ...{ id: this.id, labels: { [RUN_LABEL]: this.#context.runId, 'underdock.name': name } },
      ...{ image, runtime: { name: runtime.name, ...this.#options(runtime) }, spec, snapshotter },
      snapshotKey: this.id,
    };
    const act = {
      step: 'high-level/create-container',
      data: { method: 'Containers/Create', ...told, namespace: 'underdock' },
    };
    const words = [...creating(runtime), image, this.id];
    const calling = this.calling({
      act,
      request: {
        container: told,
        spec: { hostname: config.hostname, linux: { resources: config.linux.resources } },
      },
      equivalent: ctr(socket, ...words, ...config.process.args),
    });
    try {
      await ask(daemon, 'Containers/Create', { container }, calling);
    } catch (error) {
      throw taskFailure(error, this.#runtime, this.#command);
    }
    this.say({ name, image, state: 'created' });
  }

  #options({ binary }: ShimRuntime): { options?: { type_url: string; value: Buffer } } {
    if (!binary) return {};
    const value = this.containerd.daemon.messages.type(OPTIONS).encode({ binaryName: binary });
    return { options: { type_url: OPTIONS, value } };
  }

  /** Has a shim started and the low-level runtime create the container: resolves with the pid of the init that waits. */
  async createTask(rootfs: readonly Mount[], fifos: Fifos, terminal: boolean): Promise<number> {
    const { daemon, socket } = this.containerd;
    const act = {
      step: 'high-level/create-task',
      data: { method: 'Tasks/Create', id: this.id, runtime: this.#runtime },
      ended: ({ pid }: { pid: number }) => ({ pid }),
    };
    const message = { containerId: this.id, rootfs, ...fifos.paths, terminal };
    const calling = this.calling({
      act,
      request: { container: this.id, rootfs, ...fifos.paths, terminal },
      equivalent: ctr(socket, 'tasks', 'start', this.id),
    });
    try {
      const { pid } = await ask<{ pid: number }>(daemon, 'Tasks/Create', message, calling);
      fifos.handedOver();
      return pid;
    } catch (error) {
      throw taskFailure(error, this.#runtime, this.#command);
    }
  }

  /** Lets the waiting process go on to the container's own program. */
  async start(): Promise<void> {
    const { daemon, socket } = this.containerd;
    const act = { step: 'high-level/start-task', data: { method: 'Tasks/Start', id: this.id } };
    const equivalent = ctr(socket, 'tasks', 'start', this.id);
    const calling = this.calling({ act, request: { container: this.id }, equivalent });
    try {
      await ask(daemon, 'Tasks/Start', { containerId: this.id }, calling);
    } catch (error) {
      throw taskFailure(error, this.#runtime, this.#command);
    }
  }

  /** Resolves with its exit code, however long that takes. A containerd that is restarted meanwhile is waited for. */
  async exit(over: AbortSignal): Promise<number> {
    for (let lostAt: number | undefined; ; ) {
      try {
        return await this.#wait(over);
      } catch (error) {
        const { code } = error as { code?: unknown };
        if (code !== 'daemon-lost' && code !== 'daemon-unreachable') throw error;
        // A connection that was there has broken just now; one that can’t be made is away since then.
        if (code === 'daemon-lost') lostAt = performance.now();
        lostAt ??= performance.now();
        const death = this.containerd.death?.();
        if (death) throw died(death, error);
        if (performance.now() - lostAt > RETURN_MS) throw error;
        await pause(LOOK_AGAIN_MS, undefined, { signal: over });
      }
    }
  }

  async #wait(over: AbortSignal): Promise<number> {
    const calling = this.calling({ request: { container: this.id }, timeoutMs: 0, signal: over });
    const { exitStatus } = await ask<{ exitStatus: number }>(
      this.containerd.daemon,
      'Tasks/Wait',
      { containerId: this.id },
      calling,
    );
    return exitStatus;
  }

  async removeTask(): Promise<void> {
    await removeTask(this.containerd, this.id, this.calling());
  }

  async remove(): Promise<void> {
    await removeContainer(this.containerd, this.id, this.calling());
    this.say({ state: 'stopped', gone: true });
  }

  /** What is known of it now, told as a fact. */
  say(data: Record<string, unknown>): void {
    const told = { ...this.about(), actor: this.containerd.actor, layer: 'high-level' } as const;
    this.#context.tell.fact('engine/has-container', { id: this.id, ...data }, told);
  }
}

function died(how: string, cause: unknown): AgentError {
  return new AgentError('daemon-died', `underdock’s own containerd has died (${how})`, {
    remedy: 'run it again: it is started anew',
    cause,
  });
}

/** `ctr containers create` can't name the runtime's program; `ctr run` can, and starts it at once. */
function creating({ name, binary }: ShimRuntime): string[] {
  if (binary) return ['run', '--detach', '--runtime', name, '--runc-binary', binary];
  return ['containers', 'create', '--runtime', name];
}

/** Where the parts of an overlay lie. */
function placesOf([mount]: readonly Mount[]): Record<string, unknown> {
  const option = (name: string) =>
    mount?.options.find((one) => one.startsWith(`${name}=`))?.slice(name.length + 1);
  const [lower, upper, work] = [option('lowerdir'), option('upperdir'), option('workdir')];
  if (mount?.type !== 'overlay') return { ...(mount ? { source: mount.source } : {}) };
  return { lower: lower?.split(':') ?? [], ...(upper ? { upper } : {}), ...(work ? { work } : {}) };
}
