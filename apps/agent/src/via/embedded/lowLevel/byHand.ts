import path from 'node:path';
import { signalNumber } from '../../../processes.ts';
import type { Telling as Act, Tell } from '../../../run/tell.ts';
import { readCgroups } from '../bundle/cgroups.ts';
import { EmbeddedError } from '../error.ts';
import { whatIsAbsent } from './byHand/absent.ts';
import { unshareWords } from './byHand/beginning.ts';
import type { Telling } from './byHand/commands.ts';
import { keepInheritedDescriptors } from './byHand/inherited.ts';
import { type Ground, Maker } from './byHand/maker.ts';
import { TOOLBOX } from './byHand/plan.ts';
import { type ByHandRecord, RecordStore, recordAlive } from './byHand/record.ts';
import { byHandScript } from './byHand/script.ts';
import { findTools, mustHaveTools, planToolbox } from './byHand/tools.ts';
import type { BundleToRun, LowLevelRuntime } from './runtime.ts';
import { silentTell } from './silentTell.ts';

/** Where by-hand keeps its records, and what its commands have to be put into. */
export interface ByHandOptions extends Pick<Ground, 'userNamespace'> {
  /** Folder for one file a container. */
  root: string;
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
  const { userNamespace } = options;
  const ground = { tools, toolbox, cgroup, ...(userNamespace ? { userNamespace } : {}) };
  return new ByHand(ground, new RecordStore(options.root));
}

class ByHand implements LowLevelRuntime {
  readonly name = 'by-hand';
  readonly version: string;
  readonly absent: readonly { what: string; why: string }[];
  #ground: Ground;
  #records: RecordStore;
  #maker: Maker;

  constructor(ground: Ground, records: RecordStore) {
    this.#ground = ground;
    this.#records = records;
    this.#maker = new Maker(ground, records);
    this.version = `util-linux ${ground.tools.version}`;
    this.absent = whatIsAbsent(ground.tools, ground.cgroup);
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
      const pid = await this.#maker.make(work, about);
      const userNamespace = this.#ground.userNamespace?.mappings;
      const script = await byHandScript(work.config, work.bundle, {
        cgroup: this.#ground.cgroup,
        ...(userNamespace ? { userNamespace } : {}),
        ...(work.image ? { image: work.image } : {}),
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
      await this.#maker.run(
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
      await this.#maker.run(
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
      await this.#maker.remove(record, about);
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

  async #existing(id: string): Promise<ByHandRecord> {
    const record = await this.#records.load(id);
    if (record === undefined) throw new EmbeddedError('no-such-container', `there is no container ${id}`);
    return record;
  }
}
