import type { CgroupValue, ContainerPicture } from '../container.ts';
import { text } from '../fields.ts';
import { bytesWords } from '../provenance/values.ts';
import type { Call } from '../state.ts';
import { diffRows, type Value } from './diff.ts';
import type { LookedThrough } from './side.ts';
import type { Diff } from './types.ts';

/** The files in which cgroup v1 and v2 keep the same limit. */
const SAME_LIMIT: Readonly<Record<string, string>> = {
  'memory.max': 'memory limit',
  'memory.limit_in_bytes': 'memory limit',
  'cpu.max': 'cpu limit',
  'cpu.cfs_quota_us': 'cpu limit',
  'pids.max': 'pids limit',
  'memory.low': 'memory reservation',
  'memory.soft_limit_in_bytes': 'memory reservation',
};

const nameOf = (file: string) => SAME_LIMIT[file] ?? file;

/** Limits and other values in the cgroups of each trace’s container, by what they limit, and where its cgroups lie. */
export function cgroupDiff(sides: readonly LookedThrough[]): Diff {
  const valued = sides.map((side) => ({ rename: side.rename, values: valuesOf(side) }));
  const written = new Set(
    sides.flatMap(({ acts, picture }) => [...writtenBy(acts.get('limits')!, picture).keys()].map(nameOf)),
  );
  // What others wrote and a watched runtime did not, it left as it was; what was only read elsewhere was not read here.
  const watched = sides.map(({ watch }) => !watch.kernelBlind && !watch.holes);
  const rows = diffRows(valued, (name, side) => written.has(name) && watched[side]!);
  return { known: valued.map(({ values }) => values !== undefined), rows };
}

function valuesOf({ picture, acts }: LookedThrough): ReadonlyMap<string, Value> | undefined {
  const found = new Map<string, Value>();
  for (const value of Object.values(picture.cgroupValues)) {
    if (isOf(picture, value.file)) found.set(nameOf(value.name), wordsOf(value));
  }
  for (const [name, values] of writtenBy(acts.get('limits')!, picture)) {
    if (!found.has(nameOf(name))) found.set(name, values.length > 1 ? values : values[0]!);
  }
  const paths = new Set(picture.cgroups.map(({ path }) => path).filter((path) => isOf(picture, path)));
  if (paths.size > 0) found.set('cgroup', [...paths].sort().join(' '));
  const controllers = new Set(picture.cgroups.flatMap((cgroup) => cgroup.controllers));
  if (controllers.size > 0) found.set('controllers', [...controllers]);
  return found.size > 0 ? found : undefined;
}

/** Groups above the container’s are made on the way: they are not what is compared. */
function isOf({ id, cgroups }: ContainerPicture, path: string): boolean {
  if (id === '' || path.includes(id)) return true;
  return !cgroups.some((cgroup) => cgroup.path.includes(id));
}

function wordsOf({ name, value, number }: CgroupValue): string {
  if (number === null) return `unlimited (${name} ${value})`;
  if (number === undefined) return value;
  const said =
    SAME_LIMIT[name]?.startsWith('memory') || name.startsWith('memory.')
      ? bytesWords(number)
      : String(number);
  return said === value ? value : `${said} (${name} ${value})`;
}

/** What was written into files that nobody read back, such as the rules for devices: one after the other. */
function writtenBy(acts: readonly Call[], picture: ContainerPicture): Map<string, string[]> {
  const written = new Map<string, string[]>();
  for (const { step, data, failure } of acts) {
    const [name, file, value] = [text(data, 'name'), text(data, 'file'), text(data, 'value')];
    if (step !== 'kernel/cgroup-write' || failure || !name || !file || value === undefined) continue;
    if (/^(cgroup\.(procs|event_control|subtree_control)|tasks)$/.test(name) || !isOf(picture, file))
      continue;
    const values = written.get(name) ?? [];
    if (!values.includes(value.trim())) values.push(value.trim());
    written.set(name, values);
  }
  return written;
}
