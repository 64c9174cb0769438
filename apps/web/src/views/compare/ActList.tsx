import type { ActRow, Count, Side } from '@underdock/chain';
import { useId, useState } from 'react';
import { breakable } from '../evidence/values.ts';
import { actMarkWords, SHAPES } from './compareWords.ts';

/** So many acts are shown at once; the rest comes when it is asked for. */
const FIRST = 40;

/** The acts for one achievement, with what is only in some of the traces first in sight. */
export function ActList(props: { acts: readonly ActRow[]; sides: readonly Side[]; title: string }) {
  const { acts, sides, title } = props;
  const [all, setAll] = useState(false);
  const [long, setLong] = useState(false);
  const unlike = acts.filter(({ mark }) => mark !== 'same');
  const wanted = all ? acts : unlike;
  const shown = long ? wanted : wanted.slice(0, FIRST);
  if (acts.length === 0) return <p className="quiet-text">No act of these traces was for it.</p>;
  return (
    <>
      <AllOrUnlike {...{ all, unlike: unlike.length, every: acts.length }} onAll={setAll} />
      {wanted.length === 0 && <p className="quiet-text">Every act is in all of them, as often.</p>}
      {wanted.length > 0 && <ActTable acts={shown} sides={sides} title={title} />}
      {shown.length < wanted.length && (
        <button type="button" className="small" onClick={() => setLong(true)}>
          Show {wanted.length - shown.length} more
        </button>
      )}
    </>
  );
}

function AllOrUnlike(props: { all: boolean; unlike: number; every: number; onAll: (all: boolean) => void }) {
  const name = useId();
  const choices = [
    [false, `What is not alike (${props.unlike})`],
    [true, `Every act (${props.every})`],
  ] as const;
  return (
    <fieldset className="segmented of-acts">
      <legend className="sr-only">Which acts are shown</legend>
      {choices.map(([all, words]) => (
        <label key={words}>
          <input type="radio" name={name} checked={props.all === all} onChange={() => props.onAll(all)} />
          <span>{words}</span>
        </label>
      ))}
    </fieldset>
  );
}

function ActTable(props: { acts: readonly ActRow[]; sides: readonly Side[]; title: string }) {
  const letters = props.sides.map(({ letter }) => letter);
  return (
    <table className="act-table">
      <caption className="sr-only">Acts of: {props.title}</caption>
      <thead>
        <tr>
          <th scope="col">Act</th>
          {letters.map((letter) => (
            <th scope="col" key={letter} className="number">
              {letter}
            </th>
          ))}
          <th scope="col">In which</th>
        </tr>
      </thead>
      <tbody>
        {props.acts.map((act) => (
          <tr key={`${act.step} ${act.name}`} className={`is-${act.mark}`}>
            <th scope="row">
              <code>{breakable(act.name)}</code>{' '}
              <span className="quiet-text">
                {[...new Set(act.actors.flat())].join(', ')}
                {act.errors.length > 0 && ` (${act.errors.join(', ')})`}
              </span>
            </th>
            {act.counts.map((count, side) => (
              <td key={letters[side]} className="number">
                {shortCount(count)}
              </td>
            ))}
            <td className="mark">
              <i aria-hidden="true">{SHAPES[act.mark]}</i> {actMarkWords(act, letters)}
            </td>
          </tr>
        ))}
      </tbody>
    </table>
  );
}

function shortCount({ n, atLeast }: Count): string {
  if (n === undefined) return '?';
  return `${n}${atLeast ? '+' : ''}`;
}
