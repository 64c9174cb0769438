import { join } from 'node:path';
import type { RunRequest } from '@underdock/trace';
import type { HostAbilities } from '../embedded/bundle/host.ts';
import { checkMountedSources } from '../embedded/bundle/mountedSources.ts';
import type { OciProcess } from '../embedded/bundle/ociConfig.ts';
import { type CgroupFolder, cgroupsOf, oomKills } from '../embedded/cgroupFiles.ts';
import type { OutputSink } from '../embedded/stdio.ts';
import { Undo } from '../embedded/undo.ts';
import type { ViaContext } from '../via.ts';
import type { Containerd } from './api.ts';
import { ContainerdContainer } from './container.ts';
import { type Fifos, makeFifos } from './fifos.ts';
import { type SuppliedImage, supplyImage } from './images.ts';
import { removeEntry, runFolder, writeEntry } from './journal.ts';
import { shimRuntime } from './runtimes.ts';
import { makeSpec } from './spec.ts';

/** What a container in containerd is made with. */
export interface TaskGround {
  containerd: Containerd;
  id: string;
  name: string;
  request: RunRequest;
  signal: AbortSignal;
  stateDir: string;
  host: () => Promise<HostAbilities>;
  starter?: (() => Promise<string>) | undefined;
}

/** A container whose init waits for start. */
export interface MadeTask {
  container: ContainerdContainer;
  pid: number;
  fifos: Fifos;
  process: OciProcess;
  stopSignal: string;
  folder: string;
  /** Resolves with the exit code. */
  exited: Promise<number>;
  /** To be called once it has ended, before it is taken apart. */
  ended(exitCode: number): void;
}

/** The parts of one container in containerd: made in order, unmade in reverse order, whatever was made. */
export class TaskParts {
  readonly #ground: TaskGround;
  readonly #context: ViaContext;
  readonly #sink: OutputSink;
  readonly #container: ContainerdContainer;
  readonly #undo = new Undo();
  readonly #over = new AbortController();
  #keep = false;

  constructor(ground: TaskGround, context: ViaContext, sink: OutputSink) {
    this.#ground = ground;
    this.#context = context;
    this.#sink = sink;
    this.#container = new ContainerdContainer(ground.containerd, ground.id, context);
  }

  get #folder(): string {
    return runFolder(this.#ground.stateDir, this.#context.runId);
  }

  /** Makes everything up to the waiting init. When it rejects, `unmake` is still to be called. */
  async make(): Promise<MadeTask> {
    const container = this.#container;
    const { containerd, request } = this.#ground;
    this.#write('live');
    const runtime = shimRuntime(request.runtime, containerd.folder);
    this.#undo.add('the lease', () => container.release());
    await container.lease();
    const image = await this.#image();
    this.#undo.add('the container', async () => {
      if (!this.#keep) await container.remove();
    });
    const { mounts, built } = await this.#prepare(image);
    await container.create({
      id: this.#ground.id,
      name: this.#ground.name,
      image: image.name,
      runtime,
      built,
    });
    const { process } = built.config;
    const fifos = await makeFifos(
      join(this.#folder, 'io'),
      { interactive: request.interactive, tty: request.tty },
      this.#sink,
    );
    this.#undo.add('the streams', () => fifos.close());
    this.#undo.add('the task', () => container.removeTask());
    const pid = await container.createTask(mounts, fifos, process.terminal);
    this.#attached();
    const cgroups = cgroupsOf(pid);
    await checkMountedSources(built.sources, pid);
    await container.release();
    const exited = container.exit(this.#over.signal);
    exited.catch(() => {});
    const ended = (exitCode: number) => this.#ended(exitCode, cgroups);
    const { stopSignal } = built;
    return { container, pid, fifos, process, stopSignal, folder: this.#folder, exited, ended };
  }

  async #image(): Promise<SuppliedImage> {
    const { containerd, request, signal, starter } = this.#ground;
    const container = this.#container.id;
    const calling = this.#container.calling({ signal });
    const image = await supplyImage(containerd, request, {
      ...calling,
      container,
      run: this.#context.runId,
      starter,
    });
    this.#context.learnEnv?.(image.image.config.config.Env ?? []);
    signal.throwIfAborted();
    return image;
  }

  async #prepare({ image, snapshot }: SuppliedImage) {
    const { id, request, containerd, signal } = this.#ground;
    const host = await this.#ground.host();
    const { tell, clientSpan, allowedMounts } = this.#context;
    const mounts = await this.#container.prepareSnapshot(snapshot, image.layers.length);
    const wanted = { id, request, image: image.config.config, mounts, folder: this.#folder, allowedMounts };
    const cgroup = { ...host.cgroup, parent: containerd.cgroup };
    const built = await makeSpec({ ...wanted, host: { ...host, cgroup } }, tell, [clientSpan]);
    signal.throwIfAborted();
    return { mounts, built };
  }

  #attached(): void {
    const streams = ['stdout', 'stderr', ...(this.#ground.request.interactive ? ['stdin'] : [])];
    this.#context.tell.log('client/attach', { streams }, this.#container.about());
  }

  #ended(exitCode: number, cgroups: readonly CgroupFolder[]): void {
    const oomKilled = oomKills(cgroups) > 0;
    this.#container.say({ state: 'stopped', exitCode, ...(oomKilled ? { oomKilled } : {}) });
  }

  #write(state: 'live' | 'kept'): void {
    const { stateDir, id, name, containerd } = this.#ground;
    const { socket, kind, snapshotter } = containerd;
    const { runId } = this.#context;
    const where = { socket, private: kind === 'private', snapshotter };
    writeEntry(stateDir, { run: runId, container: id, name, ...where, state });
  }

  /** Takes apart what was made; with `keep` the container’s note and files stay. Rejects with the first thing that failed. */
  async unmake(keep: boolean): Promise<void> {
    this.#keep = keep;
    const [failed] = await this.#undo.all();
    this.#over.abort(new Error('the run is over'));
    if (keep) this.#write('kept');
    // What is left is the next start’s to take apart: it has to know.
    if (failed) throw failed.error;
    if (!keep) removeEntry(this.#ground.stateDir, this.#context.runId);
  }

  /** Removes a container that was kept. */
  async forget(): Promise<void> {
    await this.#container.remove();
    removeEntry(this.#ground.stateDir, this.#context.runId);
    this.#ground.containerd.daemon.close();
  }
}
