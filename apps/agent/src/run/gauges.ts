import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { RawRecord, ReadBackRecord } from '@underdock/weave';
import { type CgroupFolder, cgroupsOf } from '../via/embedded/cgroupFiles.ts';

/** What is read once a second while a container runs: the limit's file, and how much of it is used. */
interface Gauge {
  controller: string;
  meaning: 'memory' | 'cpu' | 'pids';
  /** The file of the limit, absolute. */
  file: string;
  name: string;
  /** The limit as a number of bytes, processors or processes; null = unlimited. */
  limit(text: string): number | null;
  usageFile: string;
  usage(text: string, now: number): number | undefined;
}

/** The first looks come once a second; after each sixty of them the pause doubles, so that days give hundreds of facts. */
const FIRST_PAUSE_MS = 1000;
const LOOKS_PER_PAUSE = 60;
/** A change of less than this part of the value is not told. */
const NOTABLE_CHANGE = 0.01;

/** Reads the gauges of `pid`'s own cgroups from now on; returns how to stop. Nothing is read where it has none. */
export function watchGauges(
  container: string,
  pid: number,
  add: (record: RawRecord) => void,
  now: () => number,
): () => void {
  const gauges = gaugesOf(ownCgroups(pid, container));
  if (gauges.length === 0) return () => {};
  const last = new Map<string, number>();
  let looks = 0;
  let timer: NodeJS.Timeout;
  const look = () => {
    for (const gauge of gauges) {
      const record = readGauge(gauge, container, last, now);
      if (record) add(record);
    }
    looks += 1;
    timer = setTimeout(look, FIRST_PAUSE_MS * 2 ** Math.floor(looks / LOOKS_PER_PAUSE)).unref();
  };
  timer = setTimeout(look, FIRST_PAUSE_MS).unref();
  return () => clearTimeout(timer);
}

/** Without a cgroup of its own a container is in ours, whose numbers say nothing about it. */
function ownCgroups(pid: number, container: string): CgroupFolder[] {
  try {
    return cgroupsOf(pid).filter(({ path }) => path.includes(container));
  } catch {
    return [];
  }
}

function readGauge(
  gauge: Gauge,
  container: string,
  last: Map<string, number>,
  now: () => number,
): ReadBackRecord | undefined {
  try {
    const text = readFileSync(gauge.file, 'utf8').trim();
    const usage = gauge.usage(readFileSync(gauge.usageFile, 'utf8'), now());
    if (usage === undefined || !isNotable(usage, last.get(gauge.name))) return undefined;
    last.set(gauge.name, usage);
    const { file, name, controller, meaning } = gauge;
    const data = { file, name, value: text, controller, meaning, number: gauge.limit(text), now: usage };
    return {
      kind: 'read-back',
      at: now(),
      step: 'kernel/has-cgroup-value',
      layer: 'kernel',
      actor: { name: 'underdock', pid: process.pid },
      container,
      data,
      file: gauge.usageFile,
      text: String(usage),
    };
  } catch {
    // The cgroup is gone with its last process: the run ends in a moment.
    return undefined;
  }
}

function isNotable(value: number, before: number | undefined): boolean {
  if (before === undefined) return true;
  return Math.abs(value - before) > Math.max(Math.abs(before), 0.1) * NOTABLE_CHANGE;
}

function gaugesOf(cgroups: readonly CgroupFolder[]): Gauge[] {
  const unified = cgroups.find(({ controllers }) => controllers.length === 0);
  const folderOf = (name: string) => cgroups.find(({ controllers }) => controllers.includes(name))?.folder;
  const memory = folderOf('memory');
  const pids = folderOf('pids') ?? unified?.folder;
  const cpu = folderOf('cpu');
  const found = [
    memory
      ? memoryGauge(memory, 'memory.limit_in_bytes', 'memory.usage_in_bytes')
      : unified && memoryGauge(unified.folder, 'memory.max', 'memory.current'),
    pids && pidsGauge(pids),
    cpu ? legacyCpuGauge(cpu, folderOf('cpuacct')) : unified && unifiedCpuGauge(unified.folder),
  ];
  return found.filter((gauge): gauge is Gauge => Boolean(gauge) && exists(gauge as Gauge));
}

function exists(gauge: Gauge): boolean {
  try {
    readFileSync(gauge.file);
    readFileSync(gauge.usageFile);
    return true;
  } catch {
    return false;
  }
}

/** cgroup v1 writes "no limit" as the largest page-aligned number. */
const NO_LIMIT = 2 ** 62;

function countOf(text: string): number | null {
  const number = Number(text);
  return text === 'max' || number < 0 || number >= NO_LIMIT || Number.isNaN(number) ? null : number;
}

function memoryGauge(folder: string, name: string, usage: string): Gauge {
  return {
    controller: 'memory',
    meaning: 'memory',
    name,
    file: join(folder, name),
    limit: countOf,
    usageFile: join(folder, usage),
    usage: (text) => Number(text),
  };
}

function pidsGauge(folder: string): Gauge {
  const usageFile = join(folder, 'pids.current');
  const limit = { name: 'pids.max', file: join(folder, 'pids.max'), limit: countOf };
  return { controller: 'pids', meaning: 'pids', ...limit, usageFile, usage: (text) => Number(text) };
}

function legacyCpuGauge(folder: string, accounting: string | undefined): Gauge | undefined {
  if (!accounting) return undefined;
  const period = join(folder, 'cpu.cfs_period_us');
  return {
    controller: 'cpu',
    meaning: 'cpu',
    name: 'cpu.cfs_quota_us',
    file: join(folder, 'cpu.cfs_quota_us'),
    limit: (text) => (Number(text) < 0 ? null : Number(text) / Number(readFileSync(period, 'utf8'))),
    usageFile: join(accounting, 'cpuacct.usage'),
    usage: rate((text) => Number(text) / 1e6),
  };
}

function unifiedCpuGauge(folder: string): Gauge {
  return {
    controller: 'cpu',
    meaning: 'cpu',
    name: 'cpu.max',
    file: join(folder, 'cpu.max'),
    limit: (text) => {
      const [quota = 'max', period = '100000'] = text.split(' ');
      return quota === 'max' ? null : Number(quota) / Number(period);
    },
    usageFile: join(folder, 'cpu.stat'),
    usage: rate((text) => Number(/^usage_usec (\d+)$/m.exec(text)?.[1] ?? 0) / 1000),
  };
}

/** Processors used since the last look, from a counter of ms used. */
function rate(usedMs: (text: string) => number): Gauge['usage'] {
  let before: { used: number; at: number } | undefined;
  return (text, at) => {
    const used = usedMs(text);
    const since = before;
    before = { used, at };
    if (!since || at <= since.at) return undefined;
    return Math.round(((used - since.used) / (at - since.at)) * 1000) / 1000;
  };
}
