import type { Layer } from '@underdock/trace';
import { baseName, text } from '../fields.ts';
import type { Call } from '../state.ts';
import { callCount, kernelCount, kindOf } from './counting.ts';
import type { Rename } from './naming.ts';
import { doerOf, type LookedThrough, unique } from './side.ts';
import type { Achievement, ActRow, Count } from './types.ts';

interface Tally {
  name: string;
  step: string;
  layer: Layer;
  kind: 'call' | 'syscall';
  /** Per trace. */
  counts: number[];
  actors: Set<string>[];
  errors: Set<string>;
}

/** The acts of all traces for one achievement, those of the same name in one row, in order of first appearance. */
export function actRowsOf(achievement: Achievement, sides: readonly LookedThrough[]): ActRow[] {
  const tallies = new Map<string, Tally>();
  for (const [index, side] of sides.entries()) {
    for (const call of side.acts.get(achievement)!) {
      const name = actName(call, side.rename);
      const key = `${call.step} ${name}`;
      const tally = tallies.get(key) ?? emptyTally(call, name, sides.length);
      tallies.set(key, tally);
      tally.counts[index]!++;
      tally.actors[index]!.add(doerOf(call));
      if (call.failure) tally.errors.add(call.failure.error);
    }
  }
  return [...tallies.values()].map((tally) => rowOf(tally, sides));
}

function emptyTally({ step, layer, ...call }: Call, name: string, sides: number): Tally {
  return {
    name,
    step,
    layer,
    kind: kindOf({ step, layer, ...call })!,
    counts: Array.from({ length: sides }, () => 0),
    actors: Array.from({ length: sides }, () => new Set<string>()),
    errors: new Set(),
  };
}

function rowOf({ counts, actors, errors, ...act }: Tally, sides: readonly LookedThrough[]): ActRow {
  const told = counts.map((n, index): Count => {
    const { watch, state } = sides[index]!;
    if (act.layer === 'kernel') return kernelCount(n, watch);
    // What daemons do among themselves is seen by one watcher alone; who has no daemons lacks nothing by it.
    const unseen = n === 0 && watch.daemonsBlind && act.layer !== 'client' && state.header.via !== 'embedded';
    return unseen ? {} : callCount(n, watch);
  });
  const known = told.flatMap(({ n }) => (n === undefined ? [] : [n]));
  const lacks = known.some((n) => n === 0);
  const differs = known.some((n) => n !== known[0]);
  return {
    ...act,
    counts: told,
    errors: [...errors].sort(),
    actors: actors.map((names) => unique(names)),
    mark: known.length < told.length ? 'unknown' : lacks ? 'some' : differs ? 'differs' : 'same',
  };
}

/** The name of an act without what differs from run to run, so that the same act has the same name in every trace. */
export function actName(call: Call, rename: Rename): string {
  const { step, data, failure } = call;
  const runtime = call.layer === 'low-level' && step !== 'low-level/command' && text(data, 'runtime');
  if (runtime) return rename(call.name.replace(baseName(runtime), 'RUNTIME'));
  // A program that is looked for along PATH is asked for in one folder after the other.
  if (step === 'kernel/execve' && failure) return `execve ${baseName(text(data, 'path') ?? '')} (not there)`;
  if (step === 'kernel/kill') return call.name.replace(/ \d+$/, '');
  if (step === 'kernel/cgroup-write' && /^(cgroup\.procs|tasks) = /.test(call.name)) {
    return call.name.replace(/ = \d+$/, ' = PID');
  }
  return rename(call.name);
}
