import type { ToldStep } from '@underdock/chain';
import type { Term } from '@underdock/story';
import type { GuideNote } from '@underdock/trace';
import { useEffect, useRef } from 'react';
import { asOf } from './asOf.ts';
import { instant } from './evidence/values.ts';
import { reasonFor, sentenceOf, termsAt } from './words.ts';

/** A longer list is cut to so many steps on both sides of the current one: the rest is a click or a key away. */
const WHOLE = 240;
const NEAR = 40;

/** The told steps as a list of plain sentences; the current one is open. */
export function Story(props: {
  steps: readonly ToldStep[];
  current: number;
  /** The instant of the trace that is shown, ms: how steps ended after it is not told yet. */
  at: number;
  /** What the container of a step is called, where there are several. */
  containerOf: (step: ToldStep) => string | undefined;
  /** What is looked for is in this step. */
  isFound: (step: ToldStep) => boolean;
  /** What somebody says at steps, by their index. */
  notes: ReadonlyMap<number, GuideNote[]>;
  onPick: (index: number) => void;
}) {
  const { steps, current, at } = props;
  const list = useRef<HTMLOListElement>(null);
  useEffect(() => {
    if (list.current) bringIntoView(list.current, current);
  }, [current]);
  const near = steps.length > WHOLE ? NEAR : WHOLE;
  const from = Math.max(0, current - near);
  return (
    <>
      <p className="step-count">
        <strong>{current + 1}</strong> of {steps.length}
      </p>
      <ol className="story" ref={list} start={from + 1}>
        {steps.slice(from, Math.max(current, 0) + near).map((step, i) => (
          <StoryStep
            key={step.key}
            step={asOf(step, at)}
            terms={from + i === current ? termsAt(steps, current) : undefined}
            isPast={from + i < current}
            isFirstOfLayer={!goesOn(steps[from + i - 1], step)}
            isFound={props.isFound(step)}
            container={props.containerOf(step)}
            notes={props.notes.get(from + i)}
            onPick={() => props.onPick(from + i)}
          />
        ))}
      </ol>
    </>
  );
}

/** The same layer works on for the same container. */
function goesOn(before: ToldStep | undefined, step: ToldStep): boolean {
  return before?.layer === step.layer && before.event.container === step.event.container;
}

/** The open step is shown whole where it fits, with what came before it above. */
function bringIntoView(list: HTMLElement, current: number): void {
  const item = list.querySelector<HTMLElement>('.is-current');
  if (!item) {
    if (current < 0) list.scrollTop = 0;
    return;
  }
  const top = item.offsetTop - list.offsetTop;
  list.scrollTop = Math.min(top - 12, top - (list.clientHeight - item.offsetHeight) * 0.45);
}

function StoryStep(props: {
  step: ToldStep;
  /** Given for the current step alone. */
  terms: { fresh: Term[]; met: Term[] } | undefined;
  isPast: boolean;
  isFirstOfLayer: boolean;
  isFound: boolean;
  container: string | undefined;
  notes: readonly GuideNote[] | undefined;
  onPick: () => void;
}) {
  const { step, terms, notes = [] } = props;
  const time = terms ? 'is-current' : props.isPast ? 'is-past' : 'is-ahead';
  return (
    <li
      className={`story-step on-${step.layer} ${time} ${step.failure ? 'is-failed' : ''} ${props.isFound ? 'is-found' : ''}`}
    >
      {notes.map(
        ({ seq, title }) =>
          title && (
            <h3 className="chapter" key={seq}>
              {title}
            </h3>
          ),
      )}
      {props.isFirstOfLayer && (
        <span className="layer-name">
          {LAYER_NAMES[step.layer]}
          {props.container !== undefined && <span className="container-name">{props.container}</span>}
        </span>
      )}
      <button type="button" aria-current={terms ? 'step' : undefined} onClick={props.onPick}>
        <span className="sentence">{sentenceOf(step)}</span>
        {notes.map(
          ({ seq, text }) =>
            text && (
              <span className="own-words" key={seq}>
                {text}
              </span>
            ),
        )}
      </button>
      {terms && <Open step={step} terms={terms} />}
    </li>
  );
}

function Open({ step, terms }: { step: ToldStep; terms: { fresh: Term[]; met: Term[] } }) {
  const reason = reasonFor(step);
  return (
    <div className="step-more">
      {terms.fresh.map((term) => (
        <TermLine key={term.word} term={term} />
      ))}
      {reason && <p>{reason}</p>}
      {terms.met.length > 0 && (
        <details>
          <summary>{terms.met.map((term) => term.word).join(', ')}</summary>
          {terms.met.map((term) => (
            <TermLine key={term.word} term={term} />
          ))}
        </details>
      )}
      <p className="quiet-text">
        <code>{step.actor}</code> at {instant(step.at)}
      </p>
    </div>
  );
}

function TermLine({ term }: { term: Term }) {
  return (
    <p className="term">
      <dfn>{term.word}</dfn>: {term.means}
    </p>
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
