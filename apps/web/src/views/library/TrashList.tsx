import type { TrashEntry } from '@underdock/trace';
import { useState } from 'react';
import { bytes } from '../evidence/values.ts';
import { useAnswer } from '../layers/useAnswer.ts';
import { useLink } from '../page.ts';
import type { Act, LibraryView } from './useLibrary.ts';

/** What was deleted in the last seven days: to be had back, or deleted for good. */
export function TrashList({ view }: { view: LibraryView }) {
  const { library: told } = useLink();
  const { value = [] } = useAnswer(() => view.library.trash(), 'trash', view.round * 1e6 + (told ?? 0));
  return (
    <section className="trash" aria-label="Trash">
      <p className="quiet-text">What is deleted stays here for seven days.</p>
      <ul className="runs">
        {value.map((one) => (
          <li key={one.key} className="trash-row">
            <span>
              <strong>{one.title}</strong>
              <span className="run-facts">
                <span>deleted {new Date(one.removedAt).toLocaleString()}</span>
                <span>{bytes(one.bytes)}</span>
              </span>
            </span>
            <TrashActs one={one} act={view.act} />
          </li>
        ))}
      </ul>
      {value.length > 1 && <ForGood label="Delete all of these for good" act={view.act} />}
    </section>
  );
}

function TrashActs({ one, act }: { one: TrashEntry; act: Act }) {
  const restore = () =>
    act(async (library) => {
      await library.restore(one.key);
      return { words: `Back in the library: ${one.title}.` };
    });
  return (
    <span className="row-acts">
      <button
        type="button"
        className="small"
        aria-label={`Put back ${one.title}`}
        onClick={() => void restore()}
      >
        Put back
      </button>
      <ForGood label="Delete for good" name={one.title} act={act} trashKey={one.key} />
    </span>
  );
}

/** Asks once more, in its own place: this can’t be undone. */
function ForGood(props: { label: string; name?: string; act: Act; trashKey?: string }) {
  const [asking, ask] = useState(false);
  const empty = () =>
    props.act(async (library) => {
      await library.empty(props.trashKey);
      return { words: 'Deleted for good.' };
    });
  if (!asking) {
    const label = props.name ? { 'aria-label': `${props.label}: ${props.name}` } : {};
    return (
      <button type="button" className="small" {...label} onClick={() => ask(true)}>
        {props.label}
      </button>
    );
  }
  return (
    <>
      <button type="button" className="small danger" onClick={() => void empty()}>
        Yes, for good
      </button>
      <button
        type="button"
        className="small"
        // biome-ignore lint/a11y/noAutofocus: a second press of the same key must not delete
        autoFocus
        onClick={() => ask(false)}
      >
        No
      </button>
    </>
  );
}
