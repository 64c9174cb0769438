import type { ActRow, DiffRow, Side } from '@underdock/chain';

/** The road of a trace as a column is headed. */
export function roadTitle({ road }: Pick<Side, 'road'>): string {
  return road;
}

/** A shape for each mark, beside its word: no colour alone. */
export const SHAPES: Readonly<Record<ActRow['mark'] | DiffRow['mark'], string>> = {
  same: '=',
  own: '~',
  differs: '≠',
  some: '◐',
  unknown: '?',
  unseen: '?',
  hidden: '▒',
};

/** How an act stands in all traces, in words. */
export function actMarkWords({ mark, counts }: ActRow, letters: readonly string[]): string {
  if (mark === 'same') return 'same';
  if (mark === 'differs') return 'not as often';
  if (mark === 'unknown') return 'not watched everywhere';
  return `only ${letters.filter((_, side) => (counts[side]!.n ?? 0) > 0).join(', ')}`;
}
