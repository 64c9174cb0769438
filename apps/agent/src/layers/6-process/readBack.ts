import { existsSync } from 'node:fs';
import type { RawRecord, ReadBackRecord } from '@underdock/weave';
import { type CgroupFolder, cgroupFolders, cpuUsedMs, type Limit, readLimits } from './cgroupFacts.ts';
import { kernelLink, textOfKernelFile } from './kernelFiles.ts';
import { inodeOf, mountFacts, NAMESPACES, processFact, type ReadFact, statusFacts } from './procFacts.ts';

type Add = (record: RawRecord) => void;

/** Reading back what a container's process and cgroups show: a witness that needs no tracing at all. */
export interface ReadBack {
  /** Reads everything once, while the container's init waits for start. Never rejects: what can't be read is told. */
  waiting(container: string, pid: number, add: Add, now: () => number): Promise<void>;
  /**
   * Reads a part of it, of a process that runs and may end at any moment: what has gone with it is not told. `around` =
   * its namespaces, `inside` = its cgroups with their limits and which mounts it sees, `force` = what is in force for it.
   */
  glance(
    part: 'around' | 'inside' | 'force',
    container: string,
    pid: number,
    add: Add,
    now: () => number,
  ): Promise<void>;
  /** From now on reads every second what is used of the limits and tells what has changed. Returns how to stop. */
  gauges(container: string, pid: number, add: Add, now: () => number): () => void;
}

const GAUGE_MS = 1000;
/** A file's text is kept as evidence up to this many characters. */
const MOST_TEXT = 1000;
const GAUGES = ['memory.max', 'memory.limit_in_bytes', 'pids.max', 'cpu.max', 'cpu.cfs_quota_us'];

/** Reads /proc and cgroup files of this host. */
export function createReadBack(): ReadBack {
  return {
    waiting: async (container, pid, add, now) => {
      const reading = new Reading(container, pid, add, now);
      await reading.namespaces();
      await reading.status(true);
      await reading.mounts();
      await reading.cgroups();
    },
    glance: async (part, container, pid, add, now) => {
      const lasting: Add = (record) => {
        if (record.kind !== 'watcher' || existsSync(`/proc/${pid}/ns`)) add(record);
      };
      const reading = new Reading(container, pid, lasting, now);
      if (part === 'around') return reading.namespaces();
      // User and capabilities are final with its program, limits before it gets its own root.
      if (part === 'force') return reading.status(false);
      await reading.cgroups();
      await reading.mounts();
    },
    gauges: (container, pid, add, now) => new Gauges(new Reading(container, pid, add, now)).start(),
  };
}

/** One look at one process. */
class Reading {
  readonly container: string;
  readonly pid: number;
  readonly add: Add;
  readonly now: () => number;
  #comm = 'init';
  constructor(container: string, pid: number, add: Add, now: () => number) {
    this.container = container;
    this.pid = pid;
    this.add = add;
    this.now = now;
  }

  async namespaces(): Promise<void> {
    for (const kind of NAMESPACES) {
      const file = `/proc/${this.pid}/ns/${kind}`;
      await this.#attempt(file, async () => {
        const link = await kernelLink(file);
        const [inode, hostInode] = [inodeOf(link), inodeOf(await kernelLink(`/proc/self/ns/${kind}`))];
        const data = { kind, inode, hostInode, own: inode !== hostInode, pid: this.pid };
        this.tell({ step: 'kernel/has-namespace', layer: 'kernel', data, text: link }, file);
      });
    }
  }

  /** `waiting`: before start, still the runtime’s own program. */
  async status(waiting: boolean): Promise<void> {
    const file = `/proc/${this.pid}/status`;
    await this.#attempt(file, async () => {
      const text = await textOfKernelFile(file);
      const process = processFact(text, this.pid, waiting);
      this.#comm = String(process.data.comm);
      for (const fact of [process, ...statusFacts(text, this.pid)]) this.tell(fact, file);
    });
  }

  async mounts(): Promise<void> {
    const file = `/proc/${this.pid}/mountinfo`;
    await this.#attempt(file, async () => {
      for (const fact of mountFacts(await textOfKernelFile(file))) this.tell(fact, file);
    });
  }

  async cgroups(): Promise<void> {
    await this.#attempt(`/proc/${this.pid}/cgroup`, async () => {
      const folders = await this.folders();
      for (const { path, hierarchy, controllers, folder } of folders) {
        const data = { path, hierarchy, controllers };
        const text = `${hierarchy}:${controllers.join(',')}:${path}`;
        this.tell({ step: 'kernel/has-cgroup', layer: 'kernel', data, text }, folder);
      }
      for (const limit of await readLimits(folders)) this.limit(limit);
    });
  }

  /** The process's own cgroups: not those that it shares with us, nor a hierarchy's root. */
  async folders(): Promise<CgroupFolder[]> {
    const mountinfo = await textOfKernelFile('/proc/self/mountinfo');
    const of = async (pid: number | 'self') =>
      cgroupFolders(await textOfKernelFile(`/proc/${pid}/cgroup`), mountinfo);
    const shared = new Set((await of('self')).map(({ folder }) => folder));
    return (await of(this.pid)).filter(({ path, folder }) => path !== '/' && !shared.has(folder));
  }

  limit({ file, ...limit }: Limit): void {
    const data = { file, ...limit };
    this.tell({ step: 'kernel/has-cgroup-value', layer: 'kernel', data, text: limit.value }, file);
  }

  tell({ step, layer, data, text }: ReadFact, file: string): void {
    const record: ReadBackRecord = {
      kind: 'read-back',
      at: this.now(),
      step,
      layer,
      actor: { name: this.#comm.slice(0, 64) || 'init', pid: this.pid },
      container: this.container,
      data,
      file,
      text: text.slice(0, MOST_TEXT),
    };
    this.add(record);
  }

  async #attempt(file: string, read: () => Promise<void>): Promise<void> {
    try {
      await read();
    } catch (error) {
      const code = (error as NodeJS.ErrnoException).code ?? String(error);
      const why = `${file} can’t be read (${code}): what it would show is missing here`;
      this.add({
        kind: 'watcher',
        at: this.now(),
        layer: 'process',
        name: 'read-back',
        state: 'missing',
        why,
      });
    }
  }
}

/** Looks at the limits' use once a second. */
class Gauges {
  #reading: Reading;
  #told = new Map<string, number | undefined>();
  #folders: CgroupFolder[] | undefined;
  #cpu: { usedMs: number; at: number } | undefined;
  #stopped = false;
  constructor(reading: Reading) {
    this.#reading = reading;
  }

  start(): () => void {
    let timer: NodeJS.Timeout | undefined;
    const look = async () => {
      const alive = await this.#look().then(
        () => true,
        () => false,
      );
      // A process that has ended has no cgroups to look at: that is the end of it.
      if (alive && !this.#stopped) timer = setTimeout(look, GAUGE_MS);
    };
    timer = setTimeout(look, GAUGE_MS);
    return () => {
      this.#stopped = true;
      clearTimeout(timer);
    };
  }

  async #look(): Promise<void> {
    // Where they lie is found once: of hundreds of containers that alone would keep a processor busy.
    this.#folders ??= await this.#reading.folders();
    const folders = this.#folders;
    const [limits, cpus] = [await readLimits(folders, GAUGES), await this.#cpus(folders)];
    if (this.#stopped) return;
    // Its cgroups are gone, or it has been moved: whether it lives decides.
    if (limits.length === 0) this.#folders = undefined;
    for (const limit of limits) {
      const now = limit.meaning === 'cpu' ? cpus : limit.now;
      if (now === undefined || this.#told.get(limit.file) === now) continue;
      this.#told.set(limit.file, now);
      this.#reading.limit({ ...limit, now });
    }
  }

  /** Processors used since the last look, 2 decimals. */
  async #cpus(folders: readonly CgroupFolder[]): Promise<number | undefined> {
    const usedMs = await cpuUsedMs(folders);
    const [before, at] = [this.#cpu, this.#reading.now()];
    if (usedMs === undefined) return undefined;
    this.#cpu = { usedMs, at };
    if (!before || at <= before.at) return undefined;
    return Math.round((100 * (usedMs - before.usedMs)) / (at - before.at)) / 100;
  }
}
