import { number, object } from '../fields.ts';

type Data = Readonly<Record<string, unknown>>;

const UNITS = ['bytes', 'KiB', 'MiB', 'GiB', 'TiB'];

/** `64 MiB`; `unlimited` for null. */
export function bytesWords(count: number | null): string {
  if (count === null) return 'unlimited';
  let value = count;
  let unit = 0;
  while (value >= 1024 && unit < UNITS.length - 1) {
    value /= 1024;
    unit++;
  }
  return `${Number(value.toFixed(value < 10 ? 2 : 1))} ${UNITS[unit]}`;
}

/** Docker's sizes: `64m` is 64 MiB, a bare number bytes (units.RAMInBytes); undefined when it is none. */
export function bytesOf(said: unknown): number | undefined {
  const match = /^(\d+(?:\.\d+)?)\s*([kmgtp]?)(?:i?b)?$/i.exec(String(said ?? '').trim());
  if (!match) return undefined;
  const power = ' kmgtp'.indexOf(match[2]!.toLowerCase() || ' ');
  return Math.floor(Number(match[1]) * 1024 ** power);
}

/** A limit in a cgroup file: `max`, -1 and v1's largest number of whole pages are null = unlimited. */
export function limitOf(said: string): number | null | undefined {
  const value = said.trim();
  if (value === 'max' || value === '-1') return null;
  if (!/^\d+$/.test(value)) return undefined;
  return Number(value) >= 2 ** 62 ? null : Number(value);
}

/** What lies at a path such as `linux.resources.memory.limit`; undefined when a part of it is missing. */
export function at(data: Data | undefined, path: string): unknown {
  let here: unknown = data;
  for (const part of path.split('.')) {
    if (typeof here !== 'object' || here === null) return undefined;
    here = (here as Data)[part];
  }
  return here;
}

/** Processors out of quota and period in µs; a negative or missing quota is null = unlimited. */
export function cpusOf(quota: unknown, period: unknown): number | null {
  const time = typeof quota === 'number' ? quota : -1;
  const each = typeof period === 'number' && period > 0 ? period : 100_000;
  return time <= 0 ? null : time / each;
}

/** A list of words at a path; empty when there is none. */
export function list(data: Data | undefined, path: string): string[] {
  const value = at(data, path);
  return Array.isArray(value) ? value.filter((item) => typeof item === 'string') : [];
}

/** A number in a restriction's value: `uid` of `{uid, gid}`. */
export function idOf(data: Data, key: string): number | undefined {
  const value = object(data, 'value');
  return value && number(value, key);
}
