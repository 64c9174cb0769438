import type { Comparison, Diff, Side } from '@underdock/chain';
import { useId, useRef, useState } from 'react';
import { DiffTable } from './DiffTable.tsx';

const TABS = [
  ['config', 'config.json'],
  ['isolation', 'Namespaces and mounts'],
  ['cgroups', 'Cgroup values'],
] as const;

/** Three diffs of values, one at a time. */
export function DiffTabs({ comparison }: { comparison: Comparison }) {
  const [chosen, choose] = useState(0);
  const tabs = useRef<HTMLDivElement>(null);
  const id = useId();
  const move = (to: number) => {
    const next = (to + TABS.length) % TABS.length;
    choose(next);
    tabs.current?.querySelectorAll<HTMLElement>('[role=tab]')[next]?.focus();
  };
  const keys: Readonly<Record<string, () => void>> = {
    ArrowRight: () => move(chosen + 1),
    ArrowLeft: () => move(chosen - 1),
    Home: () => move(0),
    End: () => move(TABS.length - 1),
  };
  return (
    <section className="diffs" aria-label="Values side by side">
      <div
        className="tabs"
        role="tablist"
        aria-label="Which values"
        ref={tabs}
        onKeyDown={(event) => {
          const act = keys[event.key];
          if (!act) return;
          event.preventDefault();
          act();
        }}
      >
        {TABS.map(([key, title], index) => (
          <button
            type="button"
            role="tab"
            key={key}
            id={`${id}-${key}`}
            aria-controls={`${id}-panel`}
            aria-selected={index === chosen}
            tabIndex={index === chosen ? 0 : -1}
            onClick={() => choose(index)}
          >
            {title} <span className="count">{unlikeIn(comparison[key])}</span>
          </button>
        ))}
      </div>
      <div role="tabpanel" id={`${id}-panel`} aria-labelledby={`${id}-${TABS[chosen]![0]}`}>
        <Panel diff={comparison[TABS[chosen]![0]]} sides={comparison.sides} title={TABS[chosen]![1]} />
      </div>
    </section>
  );
}

/** How many values are worth a look: all but those that are the same. */
function unlikeIn({ rows }: Diff): number {
  return rows.filter(({ mark }) => mark !== 'same' && mark !== 'own').length;
}

function Panel({ diff, sides, title }: { diff: Diff; sides: readonly Side[]; title: string }) {
  const [all, setAll] = useState(false);
  const untold = sides.filter((_, side) => !diff.known[side]).map(({ letter }) => letter);
  const rows = all ? diff.rows : diff.rows.filter(({ mark }) => mark !== 'same' && mark !== 'own');
  const alike = diff.rows.length - unlikeIn(diff);
  return (
    <>
      <p className="diff-summary">
        {diff.rows.length === 0
          ? 'None of these traces tells any.'
          : `${diff.rows.length} values, ${alike} of them the same but for own ids.`}
        {diff.rows.length > 0 && untold.length > 0 && ` ${untold.join(', ')} tells none of them.`}
        {alike > 0 && (
          <label className="switch">
            <input type="checkbox" checked={all} onChange={(event) => setAll(event.target.checked)} />
            Show also what is the same
          </label>
        )}
      </p>
      {rows.length > 0 && <DiffTable rows={rows} diff={diff} sides={sides} title={title} />}
    </>
  );
}
