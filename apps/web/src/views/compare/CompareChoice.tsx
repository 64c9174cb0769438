import type { RunSummary } from '@underdock/trace';
import { useState } from 'react';
import { recordedList } from '../../source/recordedList.ts';
import { useAnswer } from '../layers/useAnswer.ts';
import { usePage } from '../page.ts';
import { stateWord, titleOf } from '../runWords.ts';
import { Sheet } from '../Sheet.tsx';

const MOST = 4;

interface Choosable {
  id: string;
  title: string;
  about: string;
}

/** Where two to four runs or recorded traces are chosen to be compared. */
export function CompareChoice(props: {
  runs: readonly RunSummary[];
  /** What is chosen to begin with: what is compared or shown now. */
  first: readonly string[];
  open: boolean;
  onClose: () => void;
  onCompare: (ids: readonly string[]) => void;
}) {
  return (
    <Sheet
      title="Compare runs"
      about="Choose two to four: live or recorded, whatever road they took. They are laid side by side by what they achieve."
      open={props.open}
      onClose={props.onClose}
      wide
    >
      <Choice {...props} />
    </Sheet>
  );
}

function Choice({ runs, first, onCompare }: Parameters<typeof CompareChoice>[0]) {
  const recorded = useRecorded(runs);
  const all = [...runs.map(choosableRun), ...recorded];
  const [picked, choose] = useState<readonly string[]>(first);
  // Recorded ones are known a moment later, and what an address named may not be there at all.
  const chosen = picked.filter((id) => all.some((one) => one.id === id)).slice(0, MOST);
  const turn = (id: string) =>
    choose(chosen.includes(id) ? chosen.filter((one) => one !== id) : [...chosen, id]);
  if (all.length < 2) {
    return <p>There is nothing to compare yet: run something at least twice, on different roads.</p>;
  }
  return (
    <form
      className="compare-choice"
      onSubmit={(event) => {
        event.preventDefault();
        if (chosen.length > 1) onCompare(chosen);
      }}
    >
      <fieldset>
        <legend className="sr-only">Runs and recorded traces</legend>
        {all.map((one) => (
          <Option key={one.id} {...{ one, chosen }} onTurn={() => turn(one.id)} />
        ))}
      </fieldset>
      <div className="form-actions">
        <button type="submit" className="primary" disabled={chosen.length < 2}>
          Compare {chosen.length > 1 ? `these ${chosen.length}` : ''}
        </button>
        <span className="quiet-text" role="status">
          {chosen.length < 2
            ? 'Choose at least two.'
            : chosen.length === MOST
              ? 'That is as many as fit.'
              : ''}
        </span>
      </div>
    </form>
  );
}

function Option(props: { one: Choosable; chosen: readonly string[]; onTurn: () => void }) {
  const { one, chosen } = props;
  const place = chosen.indexOf(one.id);
  const full = place < 0 && chosen.length >= MOST;
  return (
    <label className={place < 0 ? 'compare-option' : 'compare-option is-chosen'}>
      <input type="checkbox" checked={place >= 0} disabled={full} onChange={props.onTurn} />
      <span className="letter" aria-hidden="true">
        {'ABCD'[place] ?? ''}
      </span>
      <span>
        <code className="option-title">{one.title}</code>
        <span className="option-about quiet-text">{one.about}</span>
      </span>
    </label>
  );
}

function choosableRun(run: RunSummary): Choosable {
  const at = new Date(run.startedAt).toLocaleTimeString();
  return {
    id: run.id,
    title: titleOf(run),
    about: `${stateWord(run)}, ${at}, ${run.events.toLocaleString()} events`,
  };
}

/** Traces of earlier agents, which are no runs of this one. */
function useRecorded(runs: readonly RunSummary[]): Choosable[] {
  const { http } = usePage();
  const { value } = useAnswer(() => http.read('traces'), 'traces', 0);
  const others = recordedList(value).filter(({ id }) => !runs.some((run) => run.id === id));
  return others.map(({ id, title, startedAt }) => ({
    id,
    title,
    about: `recorded ${new Date(startedAt).toLocaleString()}`,
  }));
}
