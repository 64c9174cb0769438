import type { ToldStep } from '@underdock/chain';
import { sentenceOf } from './words.ts';

/** Presenter mode: the current sentence and how far we are, large. */
export function Caption(props: { steps: readonly ToldStep[]; index: number; onLeave: () => void }) {
  const step = props.steps[props.index];
  return (
    <div className="caption">
      <p>{step ? sentenceOf(step) : 'Nothing has happened yet'}</p>
      <strong>
        {props.index + 1}
        <span> of {props.steps.length}</span>
      </strong>
      <button type="button" className="quiet" onClick={props.onLeave}>
        Leave <kbd>p</kbd>
      </button>
    </div>
  );
}
