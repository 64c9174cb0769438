import { lstat, mkdir, rm, stat } from 'node:fs/promises';
import path from 'node:path';
import { bootId, readStat } from '../../../../processes.ts';
import type { CgroupAbilities } from '../../bundle/cgroups.ts';
import type { OciConfig } from '../../bundle/ociConfig.ts';
import { resolveInRootfs } from '../../bundle/rootfsFiles.ts';
import type { IdMappings } from '../../idMappings.ts';
import type { BundleToRun } from '../runtime.ts';
import { silentTell } from '../silentTell.ts';
import { lastStep, mapsRanges } from './beginning.ts';
import { planCgroups } from './cgroupSteps.ts';
import { checkCommand } from './commandCheck.ts';
import { commandEnvironment, runStep, type Telling } from './commands.ts';
import { lastCommand } from './lastCommand.ts';
import { type PlanContext, planContainer, planPreparation } from './plan.ts';
import type { ByHandRecord, RecordStore } from './record.ts';
import { removeContainer } from './removal.ts';
import type { Reach, Step } from './step.ts';
import { type Toolbox, type Tools, toolFolders } from './tools.ts';
import { startWaiting } from './waiting.ts';

/** What this host gives to make containers with. */
export interface Ground {
  tools: Tools;
  toolbox: Toolbox;
  cgroup: CgroupAbilities;
  /** For an ordinary user: the namespace that is held open around everything. */
  userNamespace?: { wrap(argv: readonly string[]): string[]; mappings: IdMappings };
}

/** Makes and unmakes containers by carrying out the commands of a plan, one after the other. */
export class Maker {
  #ground: Ground;
  #records: RecordStore;
  #env = commandEnvironment(toolFolders());

  constructor(ground: Ground, records: RecordStore) {
    this.#ground = ground;
    this.#records = records;
  }

  /** Carries out one step; in the container where `pid` is one of its processes. */
  run(step: Step, about: Telling, pid = ''): Promise<void> {
    const wrap = this.#ground.userNamespace?.wrap;
    const reach: Reach = wrap ? { pid, wrap } : { pid };
    return runStep(step, reach, about, this.#env);
  }

  /** Makes the container up to where its process waits; resolves with its pid. What was made is unmade when that fails. */
  async make(work: BundleToRun, about: Telling): Promise<number> {
    const folder = path.join(work.bundle, 'by-hand');
    const cgroups = planCgroups(work.config, this.#ground.cgroup);
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
      for (const step of [...planPreparation(folder, this.#ground.toolbox), ...cgroups.steps, last])
        await this.run(step, about);
      record.pid = await this.#begin(work, folder, cgroups.joined, about);
      record.startTime = readStat(record.pid)?.startTime ?? 0;
      await this.#records.save(record);
      const context = this.#context(work, folder, record.pid);
      for await (const step of planContainer(context)) await this.run(step, about, context.pid);
      await checkCommand(work.config, `/proc/${record.pid}/root`);
      return record.pid;
    } catch (error) {
      await this.remove(record, { ...about, tell: silentTell });
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
    return startWaiting(beginning, work.stdio, about, this.#ground.userNamespace?.wrap, this.#env);
  }

  #last(config: OciConfig): string[] {
    return lastCommand(config, this.#ground.toolbox, this.#setgroups(config));
  }

  /** Without newgidmap the kernel lets nobody in a user namespace change groups. */
  #setgroups(config: OciConfig): boolean {
    if (config.linux.namespaces.some((one) => one.type === 'user')) return mapsRanges(config);
    return this.#ground.userNamespace?.mappings.setgroups ?? true;
  }

  #context(work: BundleToRun, folder: string, pid: number): PlanContext {
    const { config } = work;
    const view = `/proc/${pid}/root`;
    const has = (type: string): boolean => config.linux.namespaces.some((one) => one.type === type);
    return {
      config,
      cgroup: this.#ground.cgroup,
      has,
      inside: has('user') ? ['user', 'mount'] : ['mount'],
      place: async (inner) => (await resolveInRootfs(`${view}${config.root.path}`, inner)).slice(view.length),
      exists: (at) =>
        lstat(`${view}${at}`).then(
          () => true,
          () => false,
        ),
      isFolder: async (source) => (await stat(source)).isDirectory(),
      tools: this.#ground.tools,
      toolbox: this.#ground.toolbox,
      work: folder,
      pid: String(pid),
      rootless: has('user') || this.#ground.userNamespace !== undefined,
      ...(work.stdio.console ? { console: work.stdio.console.path } : {}),
    };
  }

  /** Takes a container apart, whatever there is of it. */
  remove(record: ByHandRecord, about: Telling): Promise<void> {
    return removeContainer(record, this.#records, (step) => this.run(step, about));
  }
}
