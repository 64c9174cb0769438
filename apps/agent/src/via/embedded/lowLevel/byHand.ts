import { lstat, mkdir, rm, stat } from 'node:fs/promises';
import path from 'node:path';
import { bootId, readStat, signalNumber } from '../../../processes.ts';
import type { Telling as Act, Tell } from '../../../run/tell.ts';
import { type CgroupAbilities, readCgroups } from '../bundle/cgroups.ts';
import type { OciConfig } from '../bundle/ociConfig.ts';
import { resolveInRootfs } from '../bundle/rootfsFiles.ts';
import { EmbeddedError } from '../error.ts';
import type { IdMappings } from '../idMappings.ts';
import { lastStep, mapsRanges, unshareWords } from './byHand/beginning.ts';
import { planCgroups } from './byHand/cgroupSteps.ts';
import { checkCommand } from './byHand/commandCheck.ts';
import { commandEnvironment, runStep, type Telling } from './byHand/commands.ts';
import { keepInheritedDescriptors } from './byHand/inherited.ts';
import { lastCommand } from './byHand/lastCommand.ts';
import { type PlanContext, planContainer, planPreparation, TOOLBOX } from './byHand/plan.ts';
import { type ByHandRecord, RecordStore, recordAlive } from './byHand/record.ts';
import { removeContainer } from './byHand/removal.ts';
import { byHandScript } from './byHand/script.ts';
import type { Reach, Step } from './byHand/step.ts';
import {
  findTools,
  mustHaveTools,
  planToolbox,
  type Toolbox,
  type Tools,
  toolFolders,
} from './byHand/tools.ts';
import { startWaiting } from './byHand/waiting.ts';
import type { BundleToRun, LowLevelRuntime } from './runtime.ts';
import { silentTell } from './silentTell.ts';

/** Where by-hand keeps its records, and what its commands have to be put into. */
export interface ByHandOptions {
  /** Folder for one file a container. */
  root: string;
  /** For an ordinary user: the namespace that is held open around everything. */
  userNamespace?: { wrap(argv: readonly string[]): string[]; mappings: IdMappings };
}

/**
 * A runtime made of commands that anybody can type. Rejects with EmbeddedError `tool-missing` that names the packages when
 * a command is not there.
 */
export async function openByHand(options: ByHandOptions): Promise<LowLevelRuntime> {
  keepInheritedDescriptors();
  const { tools, missing } = await findTools();
  mustHaveTools(missing);
  const root = process.geteuid?.() === 0;
  const [cgroup, toolbox] = await Promise.all([readCgroups(root), planToolbox(tools, TOOLBOX)]);
  return new ByHand(options, tools, toolbox, cgroup);
}

function whatIsAbsent(tools: Tools, cgroup: CgroupAbilities): { what: string; why: string }[] {
  const absent = [{ what: 'seccomp filter', why: 'no command of util-linux installs one; runc and crun do' }];
  if (cgroup.layout === 'v2') {
    absent.push({
      what: 'device rules',
      why: 'with cgroup v2 they are a BPF program, which no shell command loads',
    });
  }
  if (!tools.paths.has('ip')) {
    absent.push({ what: 'loopback device', why: 'the command ip is missing; install iproute2' });
  }
  return absent;
}

class ByHand implements LowLevelRuntime {
  readonly name = 'by-hand';
  readonly version: string;
  readonly absent: readonly { what: string; why: string }[];
  #options: ByHandOptions;
  #tools: Tools;
  #toolbox: Toolbox;
  #cgroup: CgroupAbilities;
  #records: RecordStore;
  #env = commandEnvironment(toolFolders());

  constructor(options: ByHandOptions, tools: Tools, toolbox: Toolbox, cgroup: CgroupAbilities) {
    this.#options = options;
    this.#tools = tools;
    this.#toolbox = toolbox;
    this.#cgroup = cgroup;
    this.#records = new RecordStore(options.root);
    this.version = `util-linux ${tools.version}`;
    this.absent = whatIsAbsent(tools, cgroup);
  }

  async create(work: BundleToRun, tell: Tell): Promise<{ pid: number }> {
    const act = tell.begin(
      'low-level/create',
      { runtime: this.name, argv: unshareWords(work.config, false), bundle: work.bundle },
      { actor: this.#actor(), cause: [work.cause], container: work.id },
    );
    const about: Telling = { tell, cause: act.span, container: work.id };
    try {
      if (await this.#records.load(work.id)) {
        throw new EmbeddedError('container-exists', `a container ${work.id} exists already`, {
          remedy: 'remove it first, or use another name',
        });
      }
      const pid = await this.#make(work, about);
      const userNamespace = this.#options.userNamespace?.mappings;
      const script = await byHandScript(work.config, work.bundle, {
        cgroup: this.#cgroup,
        ...(userNamespace ? { userNamespace } : {}),
      });
      act.end({ exitCode: 0, pid, script });
      return { pid };
    } catch (error) {
      act.fail(error, { exitCode: 1 });
      throw error;
    }
  }

  async start(id: string, tell: Tell, cause: string): Promise<void> {
    await this.#told('start', id, tell, cause, {}, async (about) => {
      const record = await this.#existing(id);
      if (record.started || !recordAlive(record)) {
        throw new EmbeddedError('not-created', `container ${id} does not wait to be started`, {
          remedy: 'make a new container',
        });
      }
      const go = path.join(record.work, 'go');
      await this.#run(
        {
          why: 'let the waiting process go: it becomes the container’s own',
          shell: (quote) => `echo go > ${quote(go)}`,
        },
        about,
      );
      await this.#records.save({ ...record, started: true });
    });
  }

  async state(
    id: string,
    tell?: Tell,
    cause?: string,
  ): Promise<{ status: 'created' | 'running' | 'stopped' | 'gone'; pid?: number }> {
    const record = await this.#records.load(id);
    const alive = record !== undefined && recordAlive(record);
    const status =
      record === undefined ? 'gone' : !alive ? 'stopped' : record.started ? 'running' : 'created';
    if (tell) await this.#told('state', id, tell, cause, { status }, async () => {});
    return alive ? { status, pid: record.pid } : { status };
  }

  async kill(id: string, signal: string, tell: Tell, cause: string): Promise<void> {
    await this.#told('kill', id, tell, cause, { signal }, async (about) => {
      const number = signalNumber(signal);
      if (number === undefined) {
        throw new EmbeddedError('bad-signal', `${JSON.stringify(signal)} is not a signal`, {
          remedy: 'use a name such as TERM or KILL, or a number from 1 to 64',
        });
      }
      const record = await this.#existing(id);
      if (!recordAlive(record)) {
        throw new EmbeddedError('not-running', `container ${id} has no process any more`, {
          remedy: 'remove it',
        });
      }
      await this.#run(
        { why: `send the signal ${signal}`, shell: () => `kill -${number} ${record.pid}` },
        about,
      );
    });
  }

  async delete(id: string, tell: Tell | undefined, cause: string | undefined, force: boolean): Promise<void> {
    const record = await this.#records.load(id);
    if (record === undefined) return;
    await this.#told('delete', id, tell ?? silentTell, cause, {}, async (about) => {
      if (!force && record.started && recordAlive(record)) {
        throw new EmbeddedError('container-running', `container ${id} is running`, {
          remedy: 'stop it first',
        });
      }
      await this.#remove(record, about);
    });
  }

  #actor(): { name: string; version: string } {
    return { name: this.name, version: this.version };
  }

  /** Tells one operation around `work`, whose commands have it as their cause. */
  async #told(
    step: 'start' | 'state' | 'kill' | 'delete',
    id: string,
    tell: Tell,
    cause: string | undefined,
    data: Record<string, unknown>,
    work: (about: Telling) => Promise<void>,
  ): Promise<void> {
    const told = { actor: this.#actor(), container: id, ...(cause === undefined ? {} : { cause: [cause] }) };
    const act: Act = tell.begin(`low-level/${step}`, { runtime: this.name, argv: ['sh'], ...data }, told);
    try {
      await work({ tell, cause: act.span, container: id });
      act.end({ exitCode: 0, ...data });
    } catch (error) {
      act.fail(error, { exitCode: 1 });
      throw error;
    }
  }

  #run(step: Step, about: Telling, pid = ''): Promise<void> {
    const wrap = this.#options.userNamespace?.wrap;
    const reach: Reach = wrap ? { pid, wrap } : { pid };
    return runStep(step, reach, about, this.#env);
  }

  async #existing(id: string): Promise<ByHandRecord> {
    const record = await this.#records.load(id);
    if (record === undefined) throw new EmbeddedError('no-such-container', `there is no container ${id}`);
    return record;
  }

  async #make(work: BundleToRun, about: Telling): Promise<number> {
    const folder = path.join(work.bundle, 'by-hand');
    const cgroups = planCgroups(work.config, this.#cgroup);
    const record: ByHandRecord = {
      id: work.id,
      pid: 0,
      startTime: 0,
      boot: bootId(),
      work: folder,
      cgroups: cgroups.joined,
      started: false,
    };
    await this.#records.save(record);
    try {
      await rm(folder, { recursive: true, force: true });
      await mkdir(folder, { recursive: true, mode: 0o755 });
      const last = lastStep(folder, this.#last(work.config));
      for (const step of [...planPreparation(folder, this.#toolbox), ...cgroups.steps, last])
        await this.#run(step, about);
      record.pid = await this.#begin(work, folder, cgroups.joined, about);
      record.startTime = readStat(record.pid)?.startTime ?? 0;
      await this.#records.save(record);
      const context = this.#context(work, folder, record.pid);
      for await (const step of planContainer(context)) await this.#run(step, about, context.pid);
      await checkCommand(work.config, `/proc/${record.pid}/root`);
      return record.pid;
    } catch (error) {
      await this.#remove(record, { ...about, tell: silentTell });
      throw error;
    }
  }

  #begin(work: BundleToRun, folder: string, joined: string[], about: Telling): Promise<number> {
    const { config } = work;
    const beginning = {
      config,
      work: folder,
      joined,
      terminal: config.process.terminal,
      waitedFor: false,
    };
    return startWaiting(beginning, work.stdio, about, this.#options.userNamespace?.wrap, this.#env);
  }

  #last(config: OciConfig): string[] {
    return lastCommand(config, this.#toolbox, this.#setgroups(config));
  }

  /** Without newgidmap the kernel lets nobody in a user namespace change groups. */
  #setgroups(config: OciConfig): boolean {
    if (config.linux.namespaces.some((one) => one.type === 'user')) return mapsRanges(config);
    return this.#options.userNamespace?.mappings.setgroups ?? true;
  }

  #context(work: BundleToRun, folder: string, pid: number): PlanContext {
    const { config } = work;
    const view = `/proc/${pid}/root`;
    const has = (type: string): boolean => config.linux.namespaces.some((one) => one.type === type);
    return {
      config,
      cgroup: this.#cgroup,
      has,
      inside: has('user') ? ['user', 'mount'] : ['mount'],
      place: async (inner) => (await resolveInRootfs(`${view}${config.root.path}`, inner)).slice(view.length),
      exists: (at) =>
        lstat(`${view}${at}`).then(
          () => true,
          () => false,
        ),
      isFolder: async (source) => (await stat(source)).isDirectory(),
      tools: this.#tools,
      toolbox: this.#toolbox,
      work: folder,
      pid: String(pid),
      rootless: has('user') || this.#options.userNamespace !== undefined,
      ...(work.stdio.console ? { console: work.stdio.console.path } : {}),
    };
  }

  #remove(record: ByHandRecord, about: Telling): Promise<void> {
    return removeContainer(record, this.#records, (step) => this.#run(step, about));
  }
}
