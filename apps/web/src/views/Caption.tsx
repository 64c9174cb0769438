import type { ToldStep } from '@underdock/chain';
import type { GuideNote } from '@underdock/trace';
import { sentenceOf } from './words.ts';

/** Presenter mode: the current sentence and how far we are, large. */
export function Caption(props: {
  steps: readonly ToldStep[];
  index: number;
  /** What somebody says at this step, in place of its own sentence. */
  notes: readonly GuideNote[] | undefined;
  onLeave: () => void;
}) {
  const step = props.steps[props.index];
  const own = props.notes?.flatMap(({ text }) => text ?? []).join('\n');
  return (
    <div className="caption">
      <p>{own || (step ? sentenceOf(step) : 'Nothing has happened yet')}</p>
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
