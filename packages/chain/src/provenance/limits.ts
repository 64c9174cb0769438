import { baseName, number, object, text } from '../fields.ts';
import { actLink, actsOf, apiLinks, effective, readBack } from './api.ts';
import type { Act, Seen } from './seen.ts';
import {
  type DraftLine,
  type DraftLink,
  gap,
  type Holds,
  link,
  none,
  type ProvenanceGap,
  type Saying,
} from './types.ts';
import { at, bytesOf, bytesWords, cpusOf, limitOf } from './values.ts';
import { isSystemd, noAct, noField, noReading } from './why.ts';

type Step = DraftLink | ProvenanceGap;
type Amount = number | null;

/** What one limit is called at each place, and how it is written there. */
interface Limit {
  title: string;
  option: string;
  unit: 'bytes' | 'cpus' | 'count';
  asked: (said: unknown) => Amount | undefined;
  engine: string;
  api: readonly string[];
  request: (value: unknown) => Amount | undefined;
  field: string;
  absent: RegExp;
  /** The amount in config.json, and how it is written there. */
  config: (config: Readonly<Record<string, unknown>>) => { value: string; amount: Amount } | undefined;
  /** v2 and v1 names of the cgroup file. */
  files: readonly string[];
  written: (name: string, value: string, seen: Seen) => Amount | undefined;
}

const whole = (value: unknown): Amount | undefined =>
  typeof value === 'number' ? (value > 0 ? value : null) : undefined;

export const MEMORY: Limit = {
  title: '--memory',
  option: 'memory',
  unit: 'bytes',
  asked: bytesOf,
  engine: 'memory',
  api: [
    'HostConfig.Memory',
    'config.linux.resources.memoryLimitInBytes',
    'spec.linux.resources.memory.limit',
  ],
  request: whole,
  field: 'linux.resources.memory.limit',
  absent: /^memory limit/,
  config: (config) => amountAt(config, 'linux.resources.memory.limit'),
  files: ['memory.max', 'memory.limit_in_bytes'],
  written: (_name, value) => limitOf(value),
};

export const CPUS: Limit = {
  title: '--cpus',
  option: 'cpus',
  unit: 'cpus',
  asked: (said) => (Number.isFinite(Number(said)) ? Number(said) : undefined),
  engine: 'cpus',
  api: [
    'HostConfig.NanoCpus',
    'HostConfig.CpuQuota',
    'config.linux.resources.cpuQuota',
    'spec.linux.resources.cpu.quota',
  ],
  // NanoCpus counts in billionths of a processor; a quota is µs of the usual period and never gets near as high.
  request: (value) => {
    const count = whole(value);
    if (typeof count !== 'number') return undefined;
    return count >= 10_000_000 ? count / 1e9 : count / 100_000;
  },
  field: 'linux.resources.cpu.quota',
  absent: /^cpu limit/,
  config: (config) => {
    const cpu = at(config, 'linux.resources.cpu') as { quota?: number; period?: number } | undefined;
    if (cpu?.quota === undefined) return undefined;
    return { value: `${cpu.quota} of ${cpu.period ?? 100_000} µs`, amount: cpusOf(cpu.quota, cpu.period) };
  },
  files: ['cpu.max', 'cpu.cfs_quota_us'],
  written: (name, value, seen) => {
    const [quota, period] = value.trim().split(/\s+/);
    const limit = limitOf(quota ?? '');
    if (limit === null || limit === undefined) return limit;
    return cpusOf(limit, name === 'cpu.max' ? Number(period) : periodOf(seen));
  },
};

export const PIDS: Limit = {
  title: '--pids-limit',
  option: 'pidsLimit',
  unit: 'count',
  asked: (said) => whole(Number(said)),
  engine: 'pidsLimit',
  api: ['HostConfig.PidsLimit', 'spec.linux.resources.pids.limit'],
  request: whole,
  field: 'linux.resources.pids.limit',
  absent: /^pids limit/,
  config: (config) => amountAt(config, 'linux.resources.pids.limit'),
  files: ['pids.max'],
  written: (_name, value) => limitOf(value),
};

/** The line of one limit. */
export function limitLine(limit: Limit, seen: Seen): DraftLine[] {
  const asked = seen.asked && at(seen.asked.options, limit.option);
  const write = writeOf(limit, seen);
  const isDefault = seen.config?.origins.some(
    ({ field, from }) => field === limit.field && from === 'default',
  );
  return [
    {
      title: limit.title,
      from: asked === undefined ? 'default' : 'flag',
      steps: [
        askedStep(limit, seen, asked, isDefault === true),
        ...engineSteps(limit, seen),
        configStep(limit, seen),
        kernelStep(limit, seen, write),
        nowStep(limit, seen, write),
      ],
    },
  ];
}

function askedStep(limit: Limit, seen: Seen, asked: unknown, isDefault: boolean): Step {
  if (!seen.asked) return gap('flag', 'the command was not seen');
  if (asked === undefined) {
    const whose = isDefault ? '; underdock has a limit of its own for this case' : '';
    return none('flag', `${limit.title} was not given${whose}`);
  }
  return link('flag', seen.asked.event, saying(limit, limit.title, String(asked), limit.asked(asked)));
}

/** A request is shown as it was sent; underdock's own engine gets none, and says which limits it took. */
function engineSteps(limit: Limit, seen: Seen): Step[] {
  const limits = seen.engine && object(seen.engine.data, 'limits');
  const amount = limits && number(limits, limit.engine);
  const own = Array.isArray(seen.engine?.data.defaults) && seen.engine.data.defaults.includes(limit.engine);
  const noted = (said: Saying): Saying => (own ? { ...said, note: 'underdock’s own default' } : said);
  if (seen.bodies.length > 0 || amount === undefined) {
    return apiLinks(seen, limit.api, (value) => {
      const asked = limit.request(value);
      return asked !== undefined && noted(saying(limit, '', String(value), asked));
    });
  }
  return [
    link('api', seen.engine!, noted(saying(limit, `limits.${limit.engine}`, String(amount), whole(amount)))),
  ];
}

function configStep(limit: Limit, seen: Seen): Step {
  const found = seen.config && limit.config(seen.config.config);
  if (!found) return noField(seen, limit.absent, 'no such field: no limit');
  return link('config', seen.config!.event, saying(limit, limit.field, found.value, found.amount));
}

function kernelStep(limit: Limit, seen: Seen, write: Act | undefined): Step {
  if (write) {
    const name = nameOf(write.data);
    const value = (text(write.data, 'value') ?? '').trim();
    const said = saying(limit, name, value, limit.written(name, value, seen));
    return actLink(write, { ...said, note: text(write.data, 'file') });
  }
  const limited = seen.config && limit.config(seen.config.config)?.amount;
  if (seen.config && (limited === undefined || limited === null) && seen.built) {
    return none('kernel', 'where there is no limit nothing is written');
  }
  if (isSystemd(seen) && seen.built) {
    return gap('kernel', 'systemd writes it on the runtime’s behalf, and nobody watched systemd');
  }
  return noAct(seen, `a write into ${limit.files.join(' or ')}`);
}

function nowStep(limit: Limit, seen: Seen, write: Act | undefined): Step {
  const fact = readBack(seen, 'kernel/has-cgroup-value', (data) => isFile(limit, data), write);
  if (!fact) {
    const older = readBack(seen, 'kernel/has-cgroup-value', (data) => isFile(limit, data));
    return noReading(seen, limit.files.join(' or '), older);
  }
  const name = nameOf(fact.data);
  const value = (text(fact.data, 'value') ?? '').trim();
  const given = fact.data.number;
  const amount = typeof given === 'number' || given === null ? given : limit.written(name, value, seen);
  const used = number(fact.data, 'now');
  const file = text(fact.data, 'file') ?? name;
  const use = used === undefined ? '' : `; ${usedWords(limit, used)} in use`;
  return link('now', fact, { ...saying(limit, name, value, amount), note: `${file}${use}` });
}

function saying(limit: Limit, what: string, value: string, amount: Amount | undefined): Saying {
  if (amount === undefined) return { what, value };
  const holds: Holds = { [limit.unit]: amount };
  const words = wordsOf(limit, amount);
  return words.split(' ')[0] === value ? { what, value, holds } : { what, value, words, holds };
}

function wordsOf(limit: Limit, amount: Amount): string {
  if (amount === null) return 'unlimited';
  if (limit.unit === 'bytes') return bytesWords(amount);
  const count = Number(amount.toFixed(3));
  if (limit.unit === 'cpus') return `${count} ${count === 1 ? 'cpu' : 'cpus'}`;
  return `${count} ${count === 1 ? 'process' : 'processes'}`;
}

function usedWords(limit: Limit, used: number): string {
  if (limit.unit === 'bytes') return bytesWords(used);
  return limit.unit === 'cpus' ? `${Number(used.toFixed(2))} cpus` : String(used);
}

function writeOf(limit: Limit, seen: Seen): Act | undefined {
  return effective(actsOf(seen, 'kernel/cgroup-write'), ({ data }) => isFile(limit, data));
}

function isFile(limit: Limit, data: Readonly<Record<string, unknown>>): boolean {
  return limit.files.includes(nameOf(data));
}

function nameOf(data: Readonly<Record<string, unknown>>): string {
  return text(data, 'name') ?? baseName(text(data, 'file') ?? '');
}

/** v1 keeps quota and period in two files. */
function periodOf(seen: Seen): number {
  const write = effective(
    actsOf(seen, 'kernel/cgroup-write'),
    ({ data }) => nameOf(data) === 'cpu.cfs_period_us',
  );
  return Number(write ? text(write.data, 'value') : 100_000);
}

function amountAt(config: Readonly<Record<string, unknown>>, path: string) {
  const value = at(config, path);
  return typeof value === 'number' ? { value: String(value), amount: whole(value) ?? null } : undefined;
}
