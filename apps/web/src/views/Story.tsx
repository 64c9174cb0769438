import type { ToldStep } from '@underdock/chain';
import { useEffect, useRef } from 'react';
import { instant } from './evidence/values.ts';
import { sentenceOf, termsOf } from './words.ts';

/** The told steps as a list of plain sentences; the current one is open. */
export function Story(props: {
  steps: readonly ToldStep[];
  current: number;
  onPick: (index: number) => void;
}) {
  const { steps, current } = props;
  const list = useRef<HTMLOListElement>(null);
  useEffect(() => {
    list.current?.querySelector('[aria-current=step]')?.scrollIntoView({ block: 'nearest' });
  });
  // A list of thousands is cut to what is near: the rest is a click or a key away.
  const from = Math.max(0, Math.min(current - NEAR, steps.length - 2 * NEAR));
  const shown = steps.slice(from, Math.max(current, 0) + NEAR + Math.max(0, NEAR - current));
  return (
    <>
      <p className="step-count" aria-hidden={steps.length === 0}>
        {steps.length > 0 && (
          <>
            <strong>{current + 1}</strong> of {steps.length}
          </>
        )}
      </p>
      <ol className="story" ref={list} start={from + 1}>
        {shown.map((step, i) => (
          <StoryStep
            key={step.key}
            step={step}
            index={from + i}
            current={current}
            heading={shown[i - 1]?.layer !== step.layer}
            onPick={props.onPick}
          />
        ))}
      </ol>
    </>
  );
}

const NEAR = 150;

function StoryStep(props: {
  step: ToldStep;
  index: number;
  current: number;
  heading: boolean;
  onPick: (index: number) => void;
}) {
  const { step, index, current } = props;
  const isCurrent = index === current;
  const time = index < current ? 'is-past' : isCurrent ? 'is-current' : 'is-ahead';
  return (
    <li className={`story-step on-${step.layer} ${time} ${step.failure ? 'is-failed' : ''}`}>
      {props.heading && <span className="layer-name">{LAYER_NAMES[step.layer]}</span>}
      <button type="button" aria-current={isCurrent ? 'step' : undefined} onClick={() => props.onPick(index)}>
        <span className="sentence">{sentenceOf(step)}</span>
        {step.failure && (
          <span className="failed-word">failed: {step.failure.message ?? step.failure.error}</span>
        )}
      </button>
      {isCurrent && (
        <div className="step-more">
          {termsOf(step).map((term) => (
            <p key={term.term} className="term">
              <dfn>{term.term}</dfn>: {term.meaning}
            </p>
          ))}
          <p className="quiet-text">
            <code>{step.actor}</code> at {instant(step.at)}
          </p>
        </div>
      )}
    </li>
  );
}

/** The layers as the page names them. */
export const LAYER_NAMES: Readonly<Record<ToldStep['layer'], string>> = {
  client: 'client',
  engine: 'engine',
  'high-level': 'high-level',
  'low-level': 'low-level',
  kernel: 'kernel',
  process: 'process',
};
