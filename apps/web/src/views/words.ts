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
  const names = new Set<string>();
  for (let i = 0; i < index; i++) names.add(steps[i]!.step);
  const before = new Set([...names].flatMap((name) => storyOf(name)?.terms ?? []));
  const keys = storyOf(step.step)?.terms ?? [];
  const terms = sentenceForStep(step).terms;
  return {
    fresh: terms.filter((_, i) => !before.has(keys[i]!)),
    met: terms.filter((_, i) => before.has(keys[i]!)),
  };
}
