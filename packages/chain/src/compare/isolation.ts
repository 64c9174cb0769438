import { type ContainerPicture, NAMESPACE_KINDS } from '../container.ts';
import { object, text } from '../fields.ts';
import { diffRows, type Value } from './diff.ts';
import { type LookedThrough, unique } from './side.ts';
import type { Diff } from './types.ts';

/** Namespaces, what is in force for the process, and mounts of each trace’s container. */
export function isolationDiff(sides: readonly LookedThrough[]): Diff {
  const valued = sides.map((side) => ({ rename: side.rename, values: valuesOf(side) }));
  // Nobody lacks a namespace or a user: where none is told, none was seen. Mounts are read all at once, or not at all.
  const readMounts = sides.map(({ picture }) => Object.keys(picture.mounts).length > 0);
  const rows = diffRows(valued, (name, side) => name.startsWith('mount ') && readMounts[side]!);
  return { known: valued.map(({ values }) => values !== undefined), rows };
}

function valuesOf(side: LookedThrough): ReadonlyMap<string, Value> | undefined {
  const { picture } = side;
  const found = new Map<string, Value>();
  for (const kind of NAMESPACE_KINDS) {
    const fact = picture.namespaces[kind];
    // Inodes are another in each run: what can be compared is whose the namespace is.
    if (fact) found.set(`namespace ${kind}`, fact.own ? (joined(picture, kind) ?? 'its own') : 'the host’s');
  }
  for (const { kind, value } of Object.values(picture.restrictions)) {
    // Which groups it has besides is not told on every road: user and group are.
    if (kind === 'user') found.set(kind, userOf(value));
    else found.set(kind, Array.isArray(value) ? value.map(String) : restriction(value));
  }
  const dropped = droppedOf(side);
  if (dropped.length > 0) found.set('capabilities it can never get', dropped);
  for (const mount of Object.values(picture.mounts)) {
    if (mount.gone) continue;
    const { mountPoint, fstype, options, readOnly } = mount;
    const told = options.filter((option) => !/^(rw|ro|relatime)$/.test(option)).sort();
    found.set(`mount ${mountPoint}`, [fstype, readOnly ? 'ro' : 'rw', told.join(',')].join(' ').trim());
  }
  return found.size > 0 ? found : undefined;
}

/** A namespace that the config names by a path is another container’s, such as a pod’s sandbox. */
function joined({ config }: ContainerPicture, kind: string): string | undefined {
  const namespaces = object(config ?? {}, 'linux')?.namespaces;
  const names: Readonly<Record<string, string>> = { mnt: 'mount', net: 'network' };
  const wanted = names[kind] ?? kind;
  const list = Array.isArray(namespaces) ? (namespaces as Record<string, unknown>[]) : [];
  const found = list.find((one) => one.type === wanted);
  return found && text(found, 'path') ? 'shared: joined by its path' : undefined;
}

/** What was taken out of the bounding set: no program that it becomes can have that (capabilities(7)). */
function droppedOf({ picture, acts }: LookedThrough): string[] {
  const calls = [...acts.values()]
    .flat()
    .filter(({ step, failure }) => step === 'kernel/drop-bounding' && !failure);
  const called = calls.map(({ data }) => text(data, 'capability') ?? '');
  return unique([...called, ...(picture.restrictions.capabilities?.dropped ?? [])]).sort();
}

function userOf(value: unknown): string {
  const ids = object({ value }, 'value') ?? {};
  return `uid ${text(ids, 'uid') ?? '?'}, gid ${text(ids, 'gid') ?? '?'}`;
}

function restriction(value: unknown): string {
  return value === true ? 'yes' : value === false ? 'no' : String(value);
}
