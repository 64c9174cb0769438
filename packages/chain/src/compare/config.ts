import { diffRows, type Value } from './diff.ts';
import type { LookedThrough } from './side.ts';
import type { Diff, DiffRow } from './types.ts';

type Data = Readonly<Record<string, unknown>>;

/** config.json of each trace, value by value. */
export function configDiff(sides: readonly LookedThrough[]): Diff {
  const valued = sides.map(({ picture, rename }) => {
    return { rename, values: picture.config && valuesOf(picture.config) };
  });
  const rows = WHOLE.reduce((all, part) => folded(all, part), diffRows(valued));
  return { known: valued.map(({ values }) => values !== undefined), rows };
}

/** Parts of which one trace may have nothing at all: then that is what there is to say. */
const WHOLE = ['linux.seccomp', 'linux.sysctl', 'hooks', 'linux.devices'];

function folded(rows: readonly DiffRow[], part: string): DiffRow[] {
  const own = rows.filter(({ name }) => name.startsWith(`${part}.`) || name.startsWith(`${part}[`));
  const has = own[0]?.values.map((_, side) => own.some(({ values }) => values[side] !== undefined)) ?? [];
  const agree = own.every(({ values }) => new Set(values.filter((_, side) => has[side])).size === 1);
  if (own.length < 2 || !agree || !own.every(({ mark }) => mark === 'some')) return [...rows];
  const values = has.map((there) => (there ? `${own.length} values` : undefined));
  const at = rows.indexOf(own[0]!);
  const whole: DiffRow = {
    name: part,
    values,
    alike: values.map((value) => values.indexOf(value)),
    mark: 'some',
  };
  return rows.flatMap((row, index) => (index === at ? [whole] : own.includes(row) ? [] : [row]));
}

/** By what the elements of a list are known, so that another order is no difference (OCI runtime spec, config.md). */
const KNOWN_BY: readonly (readonly [RegExp, (element: Data) => string])[] = [
  [/^mounts$/, ({ destination }) => String(destination)],
  [/^linux\.namespaces$|^process\.rlimits$/, ({ type }) => String(type)],
  [/^linux\.devices$/, ({ path }) => String(path)],
  // Docker’s hook is its own program, by its pid.
  [/^hooks\./, ({ path }) => String(path).replace(/^\/proc\/\d+\//, '/proc/PID/')],
  [
    /^linux\.resources\.devices$/,
    ({ type, major, minor }) => `${String(type ?? 'a')} ${String(major ?? '*')}:${String(minor ?? '*')}`,
  ],
  [/^linux\.[ug]idMappings$/, ({ containerID }) => String(containerID)],
];

/** Lists whose order says nothing. */
const SETS =
  /^process\.capabilities\.|^linux\.(masked|readonly)Paths$|Architectures$|architectures$|^process\.user\.additionalGids$/;

/** The values of a config.json by their paths: what is said in lists is known by its name, not by its place. */
export function valuesOf(config: Data): ReadonlyMap<string, Value> {
  const found = new Map<string, Value>();
  gather(found, '', config);
  return found;
}

function gather(found: Map<string, Value>, path: string, value: unknown): void {
  if (Array.isArray(value)) gatherList(found, path, value);
  else if (typeof value === 'object' && value !== null) {
    for (const [key, part] of Object.entries(value))
      gather(found, path === '' ? key : `${path}.${key}`, part);
  } else if (value !== undefined) found.set(path, typeof value === 'string' ? value : JSON.stringify(value));
}

function gatherList(found: Map<string, Value>, path: string, list: readonly unknown[]): void {
  if (path === 'process.env') gatherEnv(found, list);
  else if (path === 'linux.seccomp.syscalls') gatherSeccomp(found, path, list);
  else if (SETS.test(path)) found.set(path, list.map(String));
  else {
    const knownBy = KNOWN_BY.find(([like]) => like.test(path))?.[1];
    if (!knownBy) {
      found.set(path, list.every((one) => typeof one === 'string') ? list.join(' ') : JSON.stringify(list));
      return;
    }
    for (const element of list) {
      const name = `${path}[${knownBy(element as Data)}]`;
      const told = wordsOf(element as Data);
      found.set(found.has(name) ? `${name} again` : name, told);
    }
  }
}

/** What is told of an element beside its name: `tmpfs tmpfs nosuid,strictatime`. */
function wordsOf(element: Data): string {
  const parts = Object.entries(element).flatMap(([key, value]) => {
    if (key === 'destination') return [];
    if (Array.isArray(value)) return [`${key}=${[...value].map(String).sort().join(',')}`];
    return [`${key}=${typeof value === 'object' ? JSON.stringify(value) : String(value)}`];
  });
  return parts.sort().join(' ');
}

function gatherEnv(found: Map<string, Value>, list: readonly unknown[]): void {
  for (const entry of list.map(String)) {
    const equals = entry.indexOf('=');
    const name = equals < 0 ? entry : entry.slice(0, equals);
    found.set(`process.env[${name}]`, equals < 0 ? '' : entry.slice(equals + 1));
  }
}

/** One set per action; a call that is decided by its arguments stands in it with its condition. */
function gatherSeccomp(found: Map<string, Value>, path: string, list: readonly unknown[]): void {
  const byAction = new Map<string, Set<string>>();
  for (const { names, action, args } of list as Data[]) {
    const set = byAction.get(String(action)) ?? new Set();
    byAction.set(String(action), set);
    const condition = Array.isArray(args) ? (args as Data[]).map(conditionOf).join(' and ') : '';
    for (const name of Array.isArray(names) ? names : []) {
      set.add(condition === '' ? String(name) : `${String(name)} if ${condition}`);
    }
  }
  for (const [action, set] of byAction) found.set(`${path} ${action}`, [...set].sort());
}

const OPERATORS: Readonly<Record<string, string>> = {
  SCMP_CMP_NE: '!=',
  SCMP_CMP_LT: '<',
  SCMP_CMP_LE: '<=',
  SCMP_CMP_EQ: '==',
  SCMP_CMP_GE: '>=',
  SCMP_CMP_GT: '>',
};

/** `argument 0 & 2114060288 == 0`. */
function conditionOf({ index, value, valueTwo, op }: Data): string {
  const argument = `argument ${String(index)}`;
  if (op === 'SCMP_CMP_MASKED_EQ') return `${argument} & ${String(value)} == ${String(valueTwo ?? 0)}`;
  return `${argument} ${OPERATORS[String(op)] ?? String(op)} ${String(value)}`;
}
