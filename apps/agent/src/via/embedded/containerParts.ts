import type { RunRequest } from '@underdock/trace';
import { readStat } from '../../processes.ts';
import type { Reaper } from '../../reaper.ts';
import type { ViaContext } from '../via.ts';
import type { HostAbilities } from './bundle/host.ts';
import { checkMountedSources } from './bundle/mountedSources.ts';
import { type CreatedTask, createTask, deleteTask, type ImageSupply } from './highLevel.ts';
import { imageBundle, type MadeBundle, type MakeBundle } from './imageBundle.ts';
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
  /** Made from the request's image unless said. */
  bundle?: MakeBundle;
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
  readonly #unmaking = { span: '', keep: false };

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
    const journal = this.#openJournal(runtime);
    for (const one of runtime.absent)
      tell.log('low-level/absent', { ...one }, { cause: [span], container: id });
    const bundle = await this.#makeBundle(runtime, journal, span);
    signal.throwIfAborted();
    return this.#create(runtime, bundle, span);
  }

  #makeBundle(runtime: LowLevelRuntime, journal: Journal, span: string): Promise<MadeBundle> {
    const { id, request, signal, bundle = imageBundle() } = this.#wanted;
    const { images, host } = this.#parts;
    const own = { context: this.#context, undo: this.#undo, unmaking: this.#unmaking };
    return bundle(
      { id, request, signal, runtime, images, host, journal, namespace: this.#namespace, ...own },
      span,
    );
  }

  async #openNamespace(span: string): Promise<void> {
    const namespace = await openUserNamespace(this.#context.tell, span, this.#wanted.id);
    this.#undo.add('the user namespace', () => namespace.close());
    this.#namespace = namespace;
  }

  #openJournal(runtime: LowLevelRuntime): Journal {
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
    return journal;
  }

  async #create(runtime: LowLevelRuntime, made: MadeBundle, span: string): Promise<MadeContainer> {
    const { request, id } = this.#wanted;
    const { tell, output } = this.#context;
    this.#undo.add('the low-level container', () => deleteTask(runtime, id, tell, this.#unmaking.span));
    const { folder: bundle, image } = made;
    const { config, stopSignal, sources } = made.built;
    const from = image ? { image } : {};
    const wanted = { id, bundle, config, interactive: request.interactive, sink: output, ...from };
    const task = await createTask(runtime, wanted, tell, span);
    this.#undo.add('the streams', () => task.attached.close());
    const startTime = readStat(task.pid)?.startTime ?? 0;
    this.#journal?.change({ state: 'created', init: { pid: task.pid, startTime } });
    await checkMountedSources(sources, task.pid);
    return { ...task, runtime, stopSignal };
  }

  /** Takes apart what was made, caused by `span`; with `keep` the container's files stay. Resolves with what failed. */
  async unmake(span: string, keep: boolean): Promise<{ what: string; error: unknown }[]> {
    Object.assign(this.#unmaking, { span, keep });
    if (!keep) this.#journal?.change({ state: 'removing' });
    return this.#undo.all();
  }

  /** Removes the files of a container that was kept. */
  async forget(): Promise<void> {
    if (this.#journal) await removeAll(this.#journal.folder);
  }
}
