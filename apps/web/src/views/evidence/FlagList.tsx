import type { Place, ProvenanceGap, ProvenanceLine, ProvenanceLink } from '@underdock/chain';
import type { Reference } from '@underdock/draw';
import { useEffect, useRef } from 'react';
import type { Flags } from '../useFlags.ts';
import { breakable, short } from './values.ts';

/** The run's flags; the chosen one is followed from the command down to what the kernel shows. */
export function FlagList(props: {
  lines: readonly ProvenanceLine[];
  flags: Flags;
  onPick: (ref: Reference) => void;
}) {
  const given = props.lines.filter((line) => line.from !== 'default');
  const others = props.lines.filter((line) => line.from === 'default');
  if (props.lines.length === 0) return <p className="quiet-text">Nothing has been asked for yet.</p>;
  return (
    <div className="flag-list">
      <p className="quiet-text">
        Choose a flag to follow its value down: through the request and config.json to the kernel.
      </p>
      <Group {...props} title="Asked for" lines={given} />
      <Group {...props} title="Not asked for" lines={others} />
    </div>
  );
}

function Group(props: {
  title: string;
  lines: readonly ProvenanceLine[];
  flags: Flags;
  onPick: (ref: Reference) => void;
}) {
  const { flags } = props;
  if (props.lines.length === 0) return null;
  return (
    <section>
      <h3>{props.title}</h3>
      <ul>
        {props.lines.map((line) => {
          const isChosen = line.title === flags.chosen;
          return (
            <li key={line.title} className="flag-line">
              <button
                type="button"
                className="quiet"
                aria-expanded={isChosen}
                onClick={() => flags.choose(isChosen ? undefined : line.title)}
              >
                <span className="mono">{line.title}</span>
                <span className={line.agrees ? 'quiet-text' : 'fault'}>{summary(line)}</span>
              </button>
              {isChosen && <Way line={line} onPick={props.onPick} />}
            </li>
          );
        })}
      </ul>
    </section>
  );
}

/** The value as it is known last, and what is not as it should be. */
function summary(line: ProvenanceLine): string {
  if (!line.agrees) return 'values differ';
  const links = line.steps.filter((step) => step.kind === 'link');
  // What is in a line's title need not be said again.
  const last = line.from === 'default' ? links.at(-1) : links[0];
  if (!last || line.title.includes(last.value)) return '';
  return short(last.words ?? last.value);
}

const PLACES: Readonly<Record<Place, string>> = {
  flag: 'as it was typed',
  api: 'asked of the engine',
  config: 'in config.json',
  kernel: 'told to the kernel',
  now: 'what the kernel shows',
};

function Way({ line, onPick }: { line: ProvenanceLine; onPick: (ref: Reference) => void }) {
  const list = useRef<HTMLOListElement>(null);
  useEffect(() => bringIntoView(list.current), []);
  return (
    <ol ref={list} className="way" aria-label={`The way of ${line.title}`}>
      {line.steps.map((step, i) => (
        <li key={`${step.place}/${i}`} className={`on-${step.layer} is-${step.kind}`}>
          <span className="place">
            {PLACES[step.place]}
            {step.kind === 'link' && step.place === 'kernel' && ` by ${step.actor}`}
          </span>
          {step.kind === 'link' ? (
            <Link step={step} onPick={onPick} />
          ) : (
            <Missing step={step} onPick={onPick} />
          )}
        </li>
      ))}
    </ol>
  );
}

/** Moves the card only downwards and upwards: on a phone it lies in a row of cards that swipe. */
function bringIntoView(list: HTMLElement | null): void {
  const line = list?.closest('.flag-line')?.getBoundingClientRect();
  const card = list?.closest('.evidence-card');
  const frame = card?.getBoundingClientRect();
  if (!line || !card || !frame || (line.top >= frame.top && line.bottom <= frame.bottom)) return;
  card.scrollTop += line.top - frame.top - 8;
}

function Link({ step, onPick }: { step: ProvenanceLink; onPick: (ref: Reference) => void }) {
  return (
    <>
      <button
        type="button"
        className="link mono"
        onClick={() => onPick(step.span === undefined ? { seq: step.seq } : { span: step.span })}
      >
        {breakable(`${short(step.what)} = ${short(step.value)}`)}
      </button>
      {step.differs && <span className="fault">Differs: {step.differs}</span>}
      <span className="quiet-text">
        {step.words && <strong>{step.words}, </strong>}
        {step.grade === 'read-back' ? 'read back' : step.grade}, event {step.seq}
      </span>
      {step.note && <span className="quiet-text note">{breakable(short(step.note))}</span>}
    </>
  );
}

function Missing({ step, onPick }: { step: ProvenanceGap; onPick: (ref: Reference) => void }) {
  const { seq } = step;
  return (
    <>
      <span className={step.kind === 'none' ? 'quiet-text' : undefined}>
        {step.kind === 'gap' && <strong>Not seen: </strong>}
        {step.why}
      </span>
      {seq !== undefined && (
        <button type="button" className="link" onClick={() => onPick({ seq })}>
          Show event {seq}
        </button>
      )}
    </>
  );
}
