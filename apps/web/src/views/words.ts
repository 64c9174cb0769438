import type { ToldStep } from '@underdock/chain';
import { reasonOf, sentenceForStep, storyOf, type Term } from '@underdock/story';

/** One plain sentence about a step. */
export function sentenceOf(step: ToldStep): string {
  return sentenceForStep(step).text;
}

/** Why a step is taken at all; undefined for one that nobody has written about. */
export function reasonFor(step: ToldStep): string | undefined {
  return reasonOf(step);
}

/** The terms of a step: those that no step before it has used, and those that the reader has met. */
export function termsAt(steps: readonly ToldStep[], index: number): { fresh: Term[]; met: Term[] } {
  const step = steps[index];
  if (!step) return { fresh: [], met: [] };
  const before = new Set(steps.slice(0, index).flatMap((one) => storyOf(one.step)?.terms ?? []));
  const keys = storyOf(step.step)?.terms ?? [];
  const terms = sentenceForStep(step).terms;
  return {
    fresh: terms.filter((_, i) => !before.has(keys[i]!)),
    met: terms.filter((_, i) => before.has(keys[i]!)),
  };
}
