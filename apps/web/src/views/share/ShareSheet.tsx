import type { Hideable, Replaced, Shared, Shown } from '@underdock/chain/share';
import type { TraceEvent, TraceHeader } from '@underdock/trace';
import { useState } from 'react';
import { saveFile } from '../../source/saveFile.ts';
import { Sheet } from '../Sheet.tsx';
import { packed, useShared } from './useShared.ts';

interface ShareSheetProps {
  header: TraceHeader;
  events: readonly TraceEvent[];
  onClose: () => void;
}

const HIDES: readonly (readonly [Hideable, string])[] = [
  ['output', 'What the container wrote'],
  ['variables', 'Names of variables'],
  ['images', 'Names of images'],
  ['home-paths', 'What lies in home folders'],
];

/** What leaves this page when a trace is shared: what is replaced, what it still tells, and what else can be hidden. */
export default function ShareSheet(props: ShareSheetProps) {
  return (
    <Sheet
      title="Share this trace"
      about="Names of people and places are replaced, the same name always by the same stand-in. Look through what the trace tells, hide more if you like, then download it. Nothing is sent anywhere."
      open
      onClose={props.onClose}
      wide
    >
      <Review {...props} />
    </Sheet>
  );
}

function Review({ header, events }: ShareSheetProps) {
  const [hide, setHide] = useState<ReadonlySet<Hideable>>(new Set());
  const [words, setWords] = useState('');
  const shared = useShared(header, events, { hide, words });
  const turn = (kind: Hideable) => {
    const next = new Set(hide);
    if (!next.delete(kind)) next.add(kind);
    setHide(next);
  };
  return (
    <div className="share">
      <div className="share-choice">
        <fieldset className="share-hide">
          <legend>Hide as well</legend>
          {HIDES.map(([kind, title]) => (
            <label key={kind}>
              <input type="checkbox" checked={hide.has(kind)} onChange={() => turn(kind)} /> {title}
            </label>
          ))}
        </fieldset>
        <label className="share-words">
          Words of your own, with commas between them
          <input value={words} spellCheck={false} onChange={(event) => setWords(event.target.value)} />
        </label>
        <ReplacedList replaced={shared?.replaced} />
        <Download shared={shared} id={header.id} />
      </div>
      <ShownList shown={shared?.shown} count={events.length} />
    </div>
  );
}

function ReplacedList({ replaced }: { replaced: readonly Replaced[] | undefined }) {
  return (
    <section aria-label="What is replaced">
      <h3>Replaced</h3>
      {replaced?.length === 0 && (
        <p className="quiet-text">
          No name of a person or a place was found. This page can’t know the name of your machine.
        </p>
      )}
      <ul className="share-replaced">
        {replaced?.map(({ kind, from, to, count }) => (
          <li key={`${kind} ${from}`}>
            <span className="mono">
              <del>{from}</del> → {to}
            </span>
            <span className="quiet-text">
              {kind}, {count === 1 ? 'once' : `${count} times`}
            </span>
          </li>
        ))}
      </ul>
    </section>
  );
}

function ShownList({ shown, count }: { shown: readonly Shown[] | undefined; count: number }) {
  return (
    <section className="share-shown" aria-label="What the trace tells" aria-busy={!shown}>
      <h3>What it still tells</h3>
      {!shown && <p className="quiet-text">Looking through {count.toLocaleString('en')} events …</p>}
      {shown?.map(({ title, values, count: all }, index) => (
        <details key={title} open={index === 0}>
          <summary>
            {title} <span className="count">{all}</span>
          </summary>
          <ul className="mono">
            {values.map((value) => (
              <li key={value}>{value}</li>
            ))}
            {all > values.length && <li className="quiet-text">and {all - values.length} more</li>}
          </ul>
        </details>
      ))}
    </section>
  );
}

function Download({ shared, id }: { shared: Shared | undefined; id: string }) {
  const name = `${id}.shared.chain.gz`;
  const take = async (trace: Shared) => saveFile(await packed(trace), name);
  return (
    <p className="share-take">
      <button
        type="button"
        className="primary"
        disabled={!shared}
        onClick={() => shared && void take(shared)}
      >
        Download the trace
      </button>
      <span className="quiet-text mono">{name}</span>
    </p>
  );
}
