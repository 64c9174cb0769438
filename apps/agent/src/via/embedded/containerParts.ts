import { basename, join } from 'node:path';
import type { RunRequest } from '@underdock/trace';
import { readStat } from '../../processes.ts';
import type { Reaper } from '../../reaper.ts';
import type { ViaContext } from '../via.ts';
import type { BuiltConfig } from './bundle/config.ts';
import type { HostAbilities } from './bundle/host.ts';
import type { ImageConfig } from './bundle/imageConfig.ts';
import { checkMountedSources } from './bundle/mountedSources.ts';
import {
  type CreatedTask,
  createTask,
  deleteTask,
  type ImageSupply,
  type UnpackedImage,
  writeConfig,
} from './highLevel.ts';
import { prepareSnapshot, type Snapshot } from './highLevelSnapshot.ts';
import { Journal, ownMark } from './journal.ts';
import type { LowLevelRuntime } from './lowLevel/runtime.ts';
import type { Runtimes } from './lowLevel/runtimes.ts';
import type { Recovered } from './recover.ts';
import { removeAll } from './removal.ts';
import { Undo } from './undo.ts';
import { openUserNamespace, type UserNamespace } from './userNamespace.ts';

/** What every container of this engine is made with. */
export interface EngineParts {
  runtimes: Runtimes;
  images: ImageSupply;
  reaper: Reaper;
  host: HostAbilities;
  /** Programs of the host that a request may name as its runtime by path; none by default. */
  allowedRuntimes?: readonly string[];
  /** What was taken apart when the agent started: told in the first run's trace. */
  recovered?: readonly Recovered[];
}

/** A container that was created, and how it is taken apart. */
export interface MadeContainer extends CreatedTask {
  runtime: LowLevelRuntime;
  stopSignal: string;
}

/** Who is to be made. */
export interface ContainerWanted {
  id: string;
  name: string;
  request: RunRequest;
  signal: AbortSignal;
}

/** The parts of one container: made in order by `make`, unmade in true reverse order by `unmake`, whatever was made. */
export class ContainerParts {
  #parts: EngineParts;
  #wanted: ContainerWanted;
  #context: ViaContext;
  #journal: Journal | undefined;
  #undo = new Undo();
  /** Where an ordinary user's mounts and runtimes are; root needs none. */
  #namespace: UserNamespace | undefined;
  /** Span of the act that takes the container apart, and whether its files stay. */
  #unmaking = { span: '', keep: false };

  constructor(parts: EngineParts, wanted: ContainerWanted, context: ViaContext) {
    this.#parts = parts;
    this.#wanted = wanted;
    this.#context = context;
  }

  get journal(): Journal | undefined {
    return this.#journal;
  }

  /** Makes everything up to the waiting init, caused by `span`. When it rejects, `unmake` is still to be called. */
  async make(span: string): Promise<MadeContainer> {
    const { request, id, signal } = this.#wanted;
    const { tell } = this.#context;
    if (!this.#parts.host.root) await this.#openNamespace(span);
    const runtime = await this.#parts.runtimes.choose(request.runtime, this.#namespace);
    const folder = this.#openJournal(runtime);
    for (const one of runtime.absent)
      tell.log('low-level/absent', { ...one }, { cause: [span], container: id });
    const wantedImage = { reference: request.image, plainHttp: request.plainHttp, container: id, signal };
    const image = await this.#parts.images.supply(wantedImage, tell, span);
    this.#context.learnEnv?.(image.config.Env ?? []);
    signal.throwIfAborted();
    const snapshot = await this.#makeSnapshot(image, folder, span);
    signal.throwIfAborted();
    const built = await this.#writeConfig(runtime, image.config, snapshot.target, span);
    signal.throwIfAborted();
    return this.#create(runtime, built, span);
  }

  async #openNamespace(span: string): Promise<void> {
    const namespace = await openUserNamespace(this.#context.tell, span, this.#wanted.id);
    this.#undo.add('the user namespace', () => namespace.close());
    this.#namespace = namespace;
  }

  #openJournal(runtime: LowLevelRuntime): string {
    const { id, name, request } = this.#wanted;
    const journal = new Journal(this.#context.stateDir, {
      version: 1,
      run: this.#context.runId,
      container: id,
      name,
      agent: ownMark(),
      state: 'preparing',
      runtime: request.runtime ?? runtime.name,
      cgroup: `${this.#parts.host.cgroup.parent ?? ''}/${id}`,
    });
    this.#journal = journal;
    this.#undo.add('the run’s folder', async () => {
      if (!this.#unmaking.keep) await removeAll(journal.folder, this.#namespace);
    });
    return journal.folder;
  }

  async #makeSnapshot(image: UnpackedImage, folder: string, span: string): Promise<Snapshot> {
    const { tell } = this.#context;
    const { layers, layersFolder, noOverlay } = image;
    this.#journal?.change({ layers: layers.map((layer) => basename(layer)) });
    const namespace = this.#namespace;
    const snapshot = await prepareSnapshot(
      {
        container: this.#wanted.id,
        layers,
        layersFolder,
        folder,
        ...(noOverlay ? { noOverlay } : {}),
        ...(namespace ? { namespace } : {}),
      },
      tell,
      span,
    );
    this.#undo.add('the snapshot', () => snapshot.remove(tell, this.#unmaking.span, this.#unmaking.keep));
    return snapshot;
  }

  #writeConfig(
    runtime: LowLevelRuntime,
    image: ImageConfig,
    rootfs: string,
    span: string,
  ): Promise<BuiltConfig> {
    const { request, id } = this.#wanted;
    const { tell, allowedMounts } = this.#context;
    const bundle = join(this.#journal?.folder ?? '', 'bundle');
    const namespace = this.#namespace;
    const inside = namespace && {
      rootfsView: namespace.view(rootfs),
      userNamespace: { mappings: namespace.mappings, held: true },
    };
    const { host } = this.#parts;
    const seccomp = runtime.name !== 'by-hand';
    return writeConfig(
      { id, request, image, rootfs, bundle, allowedMounts, host, seccomp, ...inside },
      tell,
      span,
    );
  }

  async #create(runtime: LowLevelRuntime, built: BuiltConfig, span: string): Promise<MadeContainer> {
    const { request, id } = this.#wanted;
    const { tell, output } = this.#context;
    const bundle = join(this.#journal?.folder ?? '', 'bundle');
    this.#undo.add('the low-level container', () => deleteTask(runtime, id, tell, this.#unmaking.span));
    const { config, stopSignal } = built;
    const wanted = { id, bundle, config, interactive: request.interactive, sink: output };
    const task = await createTask(runtime, wanted, tell, span);
    this.#undo.add('the streams', () => task.attached.close());
    const startTime = readStat(task.pid)?.startTime ?? 0;
    this.#journal?.change({ state: 'created', init: { pid: task.pid, startTime } });
    await checkMountedSources(built.sources, task.pid);
    return { ...task, runtime, stopSignal };
  }

  /** Takes apart what was made, caused by `span`; with `keep` the container's files stay. Resolves with what failed. */
  async unmake(span: string, keep: boolean): Promise<{ what: string; error: unknown }[]> {
    this.#unmaking = { span, keep };
    if (!keep) this.#journal?.change({ state: 'removing' });
    return this.#undo.all();
  }

  /** Removes the files of a container that was kept. */
  async forget(): Promise<void> {
    if (this.#journal) await removeAll(this.#journal.folder);
  }
}
