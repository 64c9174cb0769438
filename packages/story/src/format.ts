import { apiPath, rpcMethod, typedCommand } from '@underdock/chain';
import { deedOf, doneOf } from './deeds.ts';

type Data = Readonly<Record<string, unknown>>;
type Format = (value: unknown, data: Data) => string | undefined;

const VIEWS: Readonly<Record<string, string>> = {
  mnt: 'mounts',
  pid: 'processes',
  net: 'the network',
  uts: 'the host name',
  ipc: 'shared memory',
  user: 'users',
  cgroup: 'cgroups',
  time: 'the clock',
};

const RESTRICTIONS: Readonly<Record<string, string>> = {
  seccomp: 'a filter for system calls',
  'no-new-privs': 'no new privileges',
  capabilities: 'fewer capabilities',
  user: 'the user',
};

/** How slots can be written. Each answers undefined where the value is not of its kind: then the slot is unfilled. */
export const FORMATS: Readonly<Record<string, Format>> = {
  plain: (value) => scalar(value),
  /** `sha256:0123456789ab`, or the first twelve characters of an id. */
  short: (value) => scalar(value)?.replace(/^([a-z0-9]+:)?([0-9a-f]{12})[0-9a-f]+$/, '$1$2'),
  /** What an HTTP request of any kind can be tried with. */
  versionPath: (value) => (typeof value === 'string' ? '/version' : undefined),
  bytes: (value) => (typeof value === 'number' ? bytes(value) : undefined),
  duration: (value) => (typeof value === 'number' ? duration(value) : undefined),
  /** Indexes count from 0, people from 1. */
  nth: (value) => (typeof value === 'number' ? String(value + 1) : undefined),
  /** How many: of a list or as a number. */
  amount: (value) => (Array.isArray(value) ? String(value.length) : scalar(value)),
  count: (value) => (Array.isArray(value) ? String(value.length) : scalar(value)),
  /** How many cgroups, and the word that stands for them afterwards. */
  cgroups: (value) => (value === 1 ? '1 cgroup' : `${scalar(value) ?? 'some'} cgroups`),
  it: (value) => (value === 1 ? 'it' : 'them'),
  tries: (value) => (typeof value === 'number' && value > 1 ? `${value} tries` : undefined),
  whiteouts: (value) => (typeof value === 'number' && value > 0 ? `${value} deleted` : undefined),
  list: (value) => (Array.isArray(value) ? andList(value.map(String)) : undefined),
  restrictions: (value) =>
    Array.isArray(value)
      ? andList(value.map((kind) => RESTRICTIONS[String(kind)] ?? String(kind)))
      : undefined,
  layers: (value) =>
    Array.isArray(value) ? `${value.length} image ${value.length === 1 ? 'layer' : 'layers'}` : undefined,
  views: (value) =>
    Array.isArray(value) ? andList(value.map((kind) => VIEWS[String(kind)] ?? String(kind))) : undefined,
  restriction: (value) => (typeof value === 'string' ? (RESTRICTIONS[value] ?? value) : undefined),
  watcher: (value) => (value === 'ok' ? 'watching' : value === 'missing' ? 'not watching' : undefined),
  /** A command line as one types it. */
  command: (value) =>
    Array.isArray(value) && value.length > 0 ? cut(value.map(shellWord).join(' '), 70) : undefined,
  /** A command line without what only says where the engine is. */
  typed: (value) =>
    Array.isArray(value) && value.length > 0
      ? cut(typedCommand(value.map(String)).map(shellWord).join(' '), 120)
      : undefined,
  /** The program of a command line. */
  program: (value) => (Array.isArray(value) ? scalar(value[0])?.split('/').at(-1) : undefined),
  /** The program of a shim’s command line, where it is called to clear up. */
  tidier: (value) =>
    Array.isArray(value) && value.at(-1) === 'delete' ? String(value[0]).split('/').at(-1) : undefined,
  noneNew: (value) => (Array.isArray(value) && value.length === 0 ? 'no namespaces of its own' : undefined),
  /** What is asked for by writing into a file that holds no limit. */
  notice: (value) =>
    value === 'cgroup.event_control' ? 'The kernel is asked to tell when the memory runs out' : undefined,
  base: (value) =>
    typeof value === 'string' && value !== ''
      ? (value.split('/').filter(Boolean).at(-1) ?? value)
      : undefined,
  /** A path as it is, a long one by its end. */
  path: (value) => {
    const text = scalar(value);
    return text !== undefined && text.length > 48 ? `…/${pathTail(text)}` : text;
  },
  /** The end of a long path; ids in it shortened. */
  tail: (value) => (typeof value === 'string' && value !== '' ? pathTail(value) : undefined),
  quoted: (value) =>
    scalar(value)?.trim() ? `“${cut(scalar(value)!.trim().replace(/\s+/g, ' '), 40)}”` : undefined,
  limit: (value, data) => limit(scalar(value)?.trim(), scalar(data.name)),
  /** A value that means no limit, as it is written, in quotes. */
  unlimited: (value) => {
    const text = scalar(value)?.trim();
    return text !== undefined && isUnlimited(text) ? `“${text}”` : undefined;
  },
  /** What happened, without a program’s own words in brackets and without advice: both stand with the failure. */
  gist: (value) => scalar(value)?.split(/ \(|; /)[0],
  /** What a call asks for: of an HTTP path, with the method beside it, or of the method of a remote call. */
  deed: (value, data) => {
    const name = scalar(value) ?? '';
    if (/\.[A-Z]\w*\/[A-Z]\w*$/.test(name)) return deedOf(name, undefined, data.request);
    return deedOf(scalar(data.method) ?? '', name, data.query);
  },
  /** What an answer to a request means. */
  done: (value, data) => doneOf(scalar(data.method) ?? '', scalar(value) ?? ''),
  /** A path of the engine’s API without its version, with short ids. */
  endpoint: (value) => (typeof value === 'string' && value !== '' ? cut(apiPath(value), 50) : undefined),
  /** Service and method of a remote call without their package. */
  rpc: (value) => (typeof value === 'string' && value !== '' ? rpcMethod(value) : undefined),
  firstLine: (value) => (typeof value === 'string' ? firstLine(value) : undefined),
};

/** Text, number or truth value as text; undefined for everything else and for empty text. */
export function scalar(value: unknown): string | undefined {
  if (typeof value === 'number' || typeof value === 'boolean') return String(value);
  return typeof value === 'string' && value !== '' ? value : undefined;
}

/** At most `max` characters. */
export function cut(text: string, max: number): string {
  const chars = [...text];
  return chars.length <= max
    ? text
    : `${chars
        .slice(0, max - 1)
        .join('')
        .trimEnd()}…`;
}

function bytes(count: number): string {
  const units = ['bytes', 'KiB', 'MiB', 'GiB', 'TiB'];
  let value = count;
  let unit = 0;
  while (value >= 1000 && unit < units.length - 1) {
    value /= 1024;
    unit++;
  }
  return `${value.toFixed(value < 10 && unit > 0 && !Number.isInteger(value) ? 1 : 0)} ${units[unit]}`;
}

function duration(ms: number): string {
  return ms >= 1000 ? `${Math.round(ms / 100) / 10} s` : `${Math.round(ms)} ms`;
}

function andList(items: readonly string[]): string | undefined {
  const last = items.at(-1);
  if (last === undefined) return undefined;
  return items.length === 1 ? last : `${items.slice(0, -1).join(', ')} and ${last}`;
}

function shellWord(word: unknown): string {
  const text = String(word).replace(/\s+/g, ' ');
  return /^[\w@%+=:,./-]+$/.test(text) ? text : `'${text.replaceAll("'", "'\\''")}'`;
}

function pathTail(path: string): string {
  const parts = path
    .split('/')
    .filter(Boolean)
    .map((part) => part.replace(/\b([0-9a-f]{12})[0-9a-f]{20,}\b/g, '$1'));
  return cut(parts.slice(-2).join('/') || '/', 50);
}

/** Limits in words: `64 MiB`, `256 processes`, `half a cpu's time`; undefined for other files. */
function limit(value: string | undefined, name: string | undefined): string | undefined {
  if (value === undefined || name === undefined) return undefined;
  if (
    /^memory\.(max|high|low|limit_in_bytes|memsw\.limit_in_bytes|swap\.max|soft_limit_in_bytes)$/.test(name)
  ) {
    return !isUnlimited(value) && /^\d+$/.test(value) ? bytes(Number(value)) : undefined;
  }
  if (name === 'pids.max') return isUnlimited(value) ? undefined : `${value} processes`;
  const quota = name === 'cpu.max' ? value.match(/^(\d+|max) (\d+)$/) : undefined;
  if (quota && quota[1] !== 'max')
    return `${Math.round((Number(quota[1]) / Number(quota[2])) * 100) / 100} cpus`;
  return undefined;
}

/** `max`, -1, or v1's largest number of whole pages. */
function isUnlimited(value: string): boolean {
  return value === 'max' || value === '-1' || Number(value) >= 2 ** 62;
}

function firstLine(base64: string): string | undefined {
  try {
    const binary = atob(base64.slice(0, 400 - (base64.length > 400 ? 0 : 400 % 4)));
    const text = new TextDecoder().decode(Uint8Array.from(binary, (char) => char.charCodeAt(0)));
    const line = text
      .replace(/\p{Cc}\[[0-9;?]*[A-Za-z]/gu, '')
      .split('\n')
      .find((part) => part.trim() !== '');
    const clean = line?.replace(/\p{Cc}/gu, '').trim();
    return clean ? cut(clean, 60) : undefined;
  } catch {
    return undefined;
  }
}
