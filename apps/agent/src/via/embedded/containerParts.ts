import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { RunRequest } from '@underdock/trace';
import { readStat } from '../../processes.ts';
import type { Reaper } from '../../reaper.ts';
import type { ViaContext } from '../via.ts';
import type { HostAbilities } from './bundle/host.ts';
import { type CreatedTask, createTask, deleteTask, type ImageSupply, writeConfig } from './highLevel.ts';
import { prepareSnapshot, type Snapshot } from './highLevelSnapshot.ts';
import { Journal, ownMark } from './journal.ts';
import type { LowLevelRuntime } from './lowLevel/runtime.ts';
import type { Runtimes } from './lowLevel/runtimes.ts';
import type { Recovered } from './recover.ts';
import { Undo } from './undo.ts';

/** What every container of this engine is made with. */
export interface EngineParts {
  runtimes: Runtimes;
  images: ImageSupply;
  reaper: Reaper;
  host: HostAbilities;
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
  #snapshot: Snapshot | undefined;
  /** Span of the act that takes the container apart. */
  #unmaking = '';

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
    const { request, id, name, signal } = this.#wanted;
    const { tell, stateDir, runId } = this.#context;
    const runtime = await this.#parts.runtimes.choose(request.runtime);
    this.#journal = new Journal(stateDir, {
      version: 1,
      run: runId,
      container: id,
      name,
      agent: ownMark(),
      state: 'preparing',
      runtime: request.runtime ?? runtime.name,
      cgroup: `${this.#parts.host.cgroup.parent ?? ''}/${id}`,
    });
    for (const one of runtime.absent)
      tell.log('low-level/absent', { ...one }, { cause: [span], container: id });
    const wantedImage = { reference: request.image, plainHttp: request.plainHttp, container: id, signal };
    const image = await this.#parts.images.supply(wantedImage, tell, span);
    this.#context.learnEnv?.(image.config.Env ?? []);
    signal.throwIfAborted();
    const { layers, layersFolder, noOverlay } = image;
    const where = { folder: this.#journal.folder, layersFolder, ...(noOverlay ? { noOverlay } : {}) };
    this.#snapshot = await prepareSnapshot({ container: id, layers, ...where }, tell, span);
    signal.throwIfAborted();
    const made = await this.#create(runtime, image.config, span);
    this.#note(made.pid);
    return made;
  }

  async #create(
    runtime: LowLevelRuntime,
    image: Parameters<typeof writeConfig>[0]['image'],
    span: string,
  ): Promise<MadeContainer> {
    const { request, id, signal } = this.#wanted;
    const { tell, output, allowedMounts } = this.#context;
    const bundle = join(this.#journal?.folder ?? '', 'bundle');
    const rootfs = this.#snapshot?.target ?? '';
    const { host } = this.#parts;
    const built = await writeConfig(
      { id, request, image, rootfs, bundle, allowedMounts, host, seccomp: runtime.name !== 'by-hand' },
      tell,
      span,
    );
    signal.throwIfAborted();
    this.#undo.add('the low-level container', () => deleteTask(runtime, id, tell, this.#unmaking));
    const { config, stopSignal } = built;
    const task = await createTask(
      runtime,
      { id, bundle, config, interactive: request.interactive, sink: output },
      tell,
      span,
    );
    this.#undo.add('the streams', () => task.attached.close());
    return { ...task, runtime, stopSignal };
  }

  #note(pid: number): void {
    const startTime = readStat(pid)?.startTime ?? 0;
    this.#journal?.change({ state: 'created', init: { pid, startTime } });
  }

  /** Takes apart what was made, caused by `span`; with `keep` the container's files stay. Resolves with what failed. */
  async unmake(span: string, keep: boolean): Promise<{ what: string; error: unknown }[]> {
    this.#unmaking = span;
    const { tell } = this.#context;
    if (!keep) this.#journal?.change({ state: 'removing' });
    const failed = await this.#undo.all();
    const rest = new Undo();
    if (!keep) rest.add('the run’s folder', () => removeFolder(this.#journal));
    const snapshot = this.#snapshot;
    if (snapshot) rest.add('the snapshot', () => snapshot.remove(tell, span, keep));
    return [...failed, ...(await rest.all())];
  }

  /** Removes the files of a container that was kept. */
  async forget(): Promise<void> {
    await removeFolder(this.#journal);
  }
}

async function removeFolder(journal: Journal | undefined): Promise<void> {
  if (journal) await rm(journal.folder, { recursive: true, force: true });
}
