import { actRowsOf } from './acts.ts';
import { cgroupDiff } from './cgroups.ts';
import { configDiff } from './config.ts';
import { compareImages } from './image.ts';
import { isolationDiff } from './isolation.ts';
import { cellOf, type LookedThrough, lookAt, sideOf } from './side.ts';
import { ACHIEVEMENTS, type ComparedTrace, type Comparison, type ComparisonRow, type Diff } from './types.ts';

/**
 * Lays traces side by side, by what they achieve. Every act and every process of a trace is counted once, in one row; nothing
 * is told that no event shows. Takes growing traces as well as whole ones.
 */
export function compareTraces(traces: readonly ComparedTrace[]): Comparison {
  return compareLooks(traces.map((trace) => lookAt(trace)));
}

/** The same, of traces that have been looked through already. */
export function compareLooks(looks: readonly LookedThrough[]): Comparison {
  const comparison: Omit<Comparison, 'differs'> = {
    sides: looks.map(sideOf),
    image: compareImages(looks),
    rows: rowsOf(looks),
    config: configDiff(looks),
    isolation: isolationDiff(looks),
    cgroups: cgroupDiff(looks),
  };
  return { ...comparison, differs: differencesIn(comparison) };
}

/** A pod’s sandbox has a row only where a trace has one. */
function rowsOf(looks: readonly LookedThrough[]): ComparisonRow[] {
  const wanted = ACHIEVEMENTS.filter(
    (one) => one !== 'sandbox' || looks.some(({ acts }) => acts.get(one)!.length > 0),
  );
  return wanted.map((achievement) => ({
    achievement,
    cells: looks.map((look) => cellOf(achievement, look)),
    acts: actRowsOf(achievement, looks),
  }));
}

function differencesIn(comparison: Omit<Comparison, 'differs'>): Comparison['differs'] {
  const { sides, image, rows, config, isolation, cgroups } = comparison;
  const unlike = <T>(all: readonly T[]) => all.some((one) => one !== all[0]);
  const changed = (diff: Diff) => diff.rows.some(({ mark }) => mark === 'differs' || mark === 'some');
  const cells = rows.map((row) => row.cells);
  const found: Readonly<Record<Comparison['differs'][number], boolean>> = {
    image: image.verdict === 'differs' || image.verdict === 'same-layers',
    acts:
      rows.some(({ acts }) => acts.some(({ mark }) => mark === 'differs' || mark === 'some')) ||
      cells.some((row) => unlike(row.map(({ processes }) => processes.n))) ||
      cells.some((row) => unlike(row.map(({ actors }) => actors.join()))),
    config: changed(config),
    isolation: changed(isolation),
    cgroups: changed(cgroups),
    outcome: unlike(sides.map(({ exitCode, failure }) => `${exitCode} ${failure}`)),
    time: cells.some((row) => unlike(row.map(({ ms }) => ms))),
  };
  return (Object.keys(found) as Comparison['differs'][number][]).filter((one) => found[one]);
}
