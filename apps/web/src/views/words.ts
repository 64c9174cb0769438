import type { ToldStep } from '@underdock/chain';

export function sentenceOf(step: ToldStep): string {
  return step.step;
}
export function termsOf(_step: ToldStep): { term: string; meaning: string }[] {
  return [];
}
