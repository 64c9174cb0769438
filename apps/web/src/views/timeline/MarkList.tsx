import type { LaneMark, TimeLanes } from '@underdock/chain';
import { useMemo, useState } from 'react';
import { duration, instant } from '../evidence/values.ts';

/** A list longer than this is no longer read. */
const MOST = 300;

/** What is in sight as a table: the same for who can't see the bars or does not use a pointer. */
export function MarkList(props: {
  lanes: TimeLanes;
  from: number;
  to: number;
  found: ReadonlySet<string> | undefined;
  chosen: string | undefined;
  onPick: (mark: LaneMark) => void;
}) {
  const [open, setOpen] = useState(false);
  return (
    <details className="mark-list" onToggle={(event) => setOpen(event.currentTarget.open)}>
      <summary>The same as a list</summary>
      {open && <Rows {...props} />}
    </details>
  );
}

function Rows({ lanes, from, to, found, chosen, onPick }: Parameters<typeof MarkList>[0]) {
  const rows = useMemo(() => {
    const all = lanes.lanes.flatMap((lane) =>
      lane.marks
        .filter(({ begin, end, key }) => end >= from && begin <= to && (!found || found.has(key)))
        .map((mark) => ({ mark, lane })),
    );
    return all.sort((a, b) => a.mark.begin - b.mark.begin);
  }, [lanes, from, to, found]);
  return (
    // biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls has to be reachable by keyboard
    <section className="mark-rows" tabIndex={0} aria-label="What is in sight">
      <table>
        <thead>
          <tr>
            <th>at</th>
            <th>took</th>
            <th>layer</th>
            <th>who</th>
            <th>what</th>
          </tr>
        </thead>
        <tbody>
          {rows.slice(0, MOST).map(({ mark, lane }) => (
            <tr key={mark.key} aria-current={mark.key === chosen ? 'true' : undefined}>
              <td>{instant(mark.begin)}</td>
              <td>{mark.end > mark.begin ? duration(mark.end - mark.begin) : ''}</td>
              <td>{mark.layer}</td>
              <td>{lane.name}</td>
              <td>
                <button type="button" className="link" onClick={() => onPick(mark)}>
                  {mark.name}
                </button>
                {mark.failed && <span className="fault"> failed</span>}
              </td>
            </tr>
          ))}
        </tbody>
      </table>
      {rows.length > MOST && <p>{rows.length - MOST} more: look closer, or search, to see them.</p>}
    </section>
  );
}
