import type { z } from 'zod';
import { EmbeddedError } from '../embedded/error.ts';
import { configSchema } from './configSchema.ts';

/** One thing that is wrong with a config.json. */
export interface ConfigFault {
  /** Path of the field, `linux.resources.memory.limit`; empty for the text as a whole. */
  field: string;
  /** What the spec wants, and what is there. */
  message: string;
  /** Line of the text, where it is known; counts from 1. */
  line?: number;
}

const SPEC: Readonly<Record<string, string>> = {
  linux: 'config-linux.md',
};

/**
 * What a text lacks to be a config.json that a runtime for Linux takes, first things first. An empty list: it holds to the
 * runtime spec. `config` is there whenever the text is JSON; whole numbers beyond 2^53 keep their digits in it.
 */
export function faultsOf(text: string): { faults: ConfigFault[]; config?: unknown } {
  let plain: unknown;
  try {
    plain = JSON.parse(text);
  } catch (error) {
    return { faults: [notJson(text, error as Error)] };
  }
  const result = configSchema.safeParse(plain);
  const faults = result.success ? [] : result.error.issues.flatMap((issue) => faultOf(issue, plain));
  if (result.success) faults.push(...missing(result.data));
  return { faults: faults.map((one) => ({ ...one, ...lineOf(text, one.field) })), config: exact(text) };
}

/** Throws EmbeddedError `bad-config` that names each fault; `what` says whose config.json it is. */
export function refuseFaults(faults: readonly ConfigFault[], what: string): void {
  if (faults.length === 0) return;
  const said = faults
    .slice(0, 5)
    .map(({ field, message }) => (field === '' ? message : `${field} ${message}`));
  const more = faults.length > 5 ? ` (and ${faults.length - 5} more)` : '';
  throw new EmbeddedError(
    'bad-config',
    `${what} does not hold to the runtime spec: ${said.join('; ')}${more}`,
    {
      remedy: `correct ${faults[0]?.field || 'it'}; the spec's ${SPEC[faults[0]?.field.split('.')[0] ?? ''] ?? 'config.md'} says what belongs there`,
    },
  );
}

/** Both may be left out by the spec's schema, and no container can be started without them. */
function missing(config: z.infer<typeof configSchema>): ConfigFault[] {
  return [
    ...(config.root
      ? []
      : [{ field: 'root', message: 'is missing: the spec asks for {"path": …} on Linux' }]),
    ...(config.process?.args
      ? []
      : [{ field: 'process.args', message: 'is missing: it says which program to start' }]),
  ];
}

function notJson(text: string, error: Error): ConfigFault {
  const at = Number(/position (\d+)/.exec(error.message)?.[1] ?? Number.NaN);
  const line = Number.isNaN(at) ? undefined : text.slice(0, at).split('\n').length;
  const where = line === undefined ? '' : ` (line ${line})`;
  const said = error.message.replace(/\s*\(line.*\)$|\s+in JSON at position.*$/s, '');
  return { field: '', message: `is not JSON: ${said}${where}`, ...(line === undefined ? {} : { line }) };
}

/** Digits that a double can't hold (RLIM_INFINITY is 2^64-1) are written again as they were read. */
function exact(text: string): unknown {
  const { rawJSON } = JSON as unknown as { rawJSON(source: string): unknown };
  return JSON.parse(text, (_key, value: unknown, context?: { source?: string }) =>
    typeof value === 'number' && Math.abs(value) > Number.MAX_SAFE_INTEGER && context?.source
      ? rawJSON(context.source)
      : value,
  );
}

type Issue = z.core.$ZodIssue;

function faultOf(issue: Issue, config: unknown): ConfigFault[] {
  const path = issue.path.map(String);
  if (issue.code === 'unrecognized_keys') {
    return issue.keys.map((key) => ({
      field: [...path, key].join('.'),
      message: `is no field of the runtime spec, a runtime passes over it in silence${guess(key, path)}`,
    }));
  }
  const value = valueAt(config, path);
  if (value === undefined) return [{ field: path.join('.'), message: `is missing: it ${wanted(issue)}` }];
  return [{ field: path.join('.') || 'config.json', message: `${wanted(issue)}, and is ${shown(value)}` }];
}

const KINDS: Readonly<Record<string, string>> = {
  string: 'text in quotes',
  boolean: 'true or false',
  array: 'a list […]',
  object: 'an object {…}',
  record: 'an object {…}',
  number: 'a number',
};

function wanted(issue: Issue): string {
  if (issue.code === 'invalid_type' && !issue.message.startsWith('must '))
    return `must be ${KINDS[issue.expected] ?? issue.expected}`;
  if (issue.code === 'invalid_value') return `must be one of ${issue.values.join(', ')}`;
  return issue.message.startsWith('must ') || issue.message.startsWith('needs ')
    ? issue.message
    : `must be otherwise (${issue.message})`;
}

function shown(value: unknown): string {
  if (typeof value === 'string') return `the text ${JSON.stringify(value.slice(0, 60))}`;
  if (Array.isArray(value)) return value.length === 0 ? 'an empty list' : 'a list';
  if (value === null) return 'null';
  return typeof value === 'object' ? 'an object' : String(value);
}

function valueAt(value: unknown, path: readonly string[]): unknown {
  return path.reduce<unknown>(
    (at, key) => (typeof at === 'object' && at !== null ? (at as Record<string, unknown>)[key] : undefined),
    value,
  );
}

/** The field that was probably meant: one letter more, less, other, or in another case. */
function guess(key: string, path: readonly string[]): string {
  const known = fieldsAt(path);
  const low = key.toLowerCase();
  const near =
    known.find((one) => one.toLowerCase() === low) ?? known.find((one) => isNear(one.toLowerCase(), low));
  return near ? `: did you mean ${near}?` : '';
}

function isNear(a: string, b: string): boolean {
  if (Math.abs(a.length - b.length) > 1 || a.length < 3) return false;
  let same = 0;
  while (same < Math.min(a.length, b.length) && a[same] === b[same]) same++;
  const [restA, restB] = [a.slice(same), b.slice(same)];
  return restA.slice(1) === restB.slice(1) || restA.slice(1) === restB || restA === restB.slice(1);
}

interface Shaped {
  shape?: Record<string, Shaped>;
  element?: Shaped;
  unwrap?: () => Shaped;
}

function fieldsAt(path: readonly string[]): string[] {
  let at: Shaped | undefined = configSchema as unknown as Shaped;
  for (const key of path) {
    at = bare(at);
    at = /^\d+$/.test(key) ? at?.element : at?.shape?.[key];
  }
  return Object.keys(bare(at)?.shape ?? {});
}

function bare(schema: Shaped | undefined): Shaped | undefined {
  let at = schema;
  while (at && !at.shape && !at.element && at.unwrap) at = at.unwrap();
  return at;
}

/** The line where a field begins, in a text that is JSON: found by walking through it, key by key. */
function lineOf(text: string, field: string): { line?: number } {
  let at = 0;
  let found = false;
  for (const key of field.split('.')) {
    if (/^\d+$/.test(key)) continue;
    const next = text.indexOf(`${JSON.stringify(key)}`, at);
    if (next < 0) break;
    at = next;
    found = true;
  }
  return found ? { line: text.slice(0, at).split('\n').length } : {};
}
