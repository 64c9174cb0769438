import type { ToldStep } from '@underdock/chain';
import { sentenceOf } from './words.ts';

/** Presenter mode: the current sentence and how far we are, large. */
export function Caption({ steps, index }: { steps: readonly ToldStep[]; index: number }) {
  const step = steps[index];
  return (
    <div className="caption">
      <p>{step ? sentenceOf(step) : 'Nothing has happened yet.'}</p>
      <strong>
        {index + 1}
        <span> of {steps.length}</span>
      </strong>
    </div>
  );
}
