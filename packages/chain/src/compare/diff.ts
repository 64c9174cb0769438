import type { Rename } from './naming.ts';
import type { DiffRow } from './types.ts';

/** What a trace has of a thing: some words, or a set of names. */
export type Value = string | readonly string[];

/** One trace’s values by name; undefined where it tells too little to be compared. */
export interface Valued {
  values: ReadonlyMap<string, Value> | undefined;
  rename: Rename;
}

/** What the secrets of a trace are replaced by before it is stored. */
const REDACTED = '[redacted]';

type Lacks = (name: string, side: number) => boolean;

/**
 * Lays the values of several traces beside each other, names in order of first appearance. `lacks`: the trace at this
 * place, which does not tell the name, does not have it either; else it was only not seen.
 */
export function diffRows(sides: readonly Valued[], lacks: Lacks = () => true): DiffRow[] {
  const names = new Set(sides.flatMap(({ values }) => [...(values?.keys() ?? [])]));
  return [...names].map((name) => rowOf(name, sides, lacks));
}

function rowOf(name: string, sides: readonly Valued[], lacks: Lacks): DiffRow {
  const values = sides.map(({ values }) => values?.get(name));
  const told = sides.flatMap(({ values: all, rename }, side) => {
    const value = values[side];
    if (!all || (value === undefined && !lacks(name, side))) return [];
    return [{ value: value === undefined ? undefined : inWords(value), rename }];
  });
  const isSet = values.some((value) => Array.isArray(value));
  return {
    name,
    alike: alikeOf(values, sides),
    values: values.map((value) => (value === undefined ? undefined : inWords(value))),
    ...(isSet ? { sets: values.map((value) => (typeof value === 'string' ? [value] : value)) } : {}),
    mark: markOf(told, sides.filter(({ values: all }) => all).length),
  };
}

/** `told`: of the traces that tell it, or are known not to have it; `all`: how many can be compared at all. */
function markOf(
  told: readonly { value: string | undefined; rename: Rename }[],
  all: number,
): DiffRow['mark'] {
  const values = told.map(({ value }) => value);
  if (values.some((value) => value === undefined)) return 'some';
  if (values.length > 1 && values.every((value) => value?.includes(REDACTED))) return 'hidden';
  const alike = (said: readonly (string | undefined)[]) => said.every((value) => value === said[0]);
  const same = alike(values);
  if (!same && !alike(told.map(({ value, rename }) => rename(value!)))) return 'differs';
  if (values.length < all) return 'unseen';
  return same ? 'same' : 'own';
}

/** For each trace the first one that says the same, but for own ids. */
function alikeOf(values: readonly (Value | undefined)[], sides: readonly Valued[]): number[] {
  const said = values.map((value, side) => value && sides[side]!.rename(inWords(value)));
  return said.map((words) => said.indexOf(words));
}

function inWords(value: Value): string {
  return typeof value === 'string' ? value : [...value].sort().join(' ');
}

/** Of a set: the names that not every trace has, for each trace those that it has of them. */
export function onlyThere(sets: NonNullable<DiffRow['sets']>): (readonly string[])[] {
  const told = sets.filter((set) => set !== undefined);
  const everywhere = new Set(told[0]?.filter((name) => told.every((set) => set.includes(name))) ?? []);
  return sets.map((set) => (set ?? []).filter((name) => !everywhere.has(name)));
}
