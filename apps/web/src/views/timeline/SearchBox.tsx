import type { LaneMark, TimeLanes } from '@underdock/chain';
import { useEffect, useRef } from 'react';

/** The field to search in, how much was found, and the ways to the next and the one before. */
export function SearchBox(props: {
  typed: string;
  onType: (words: string) => void;
  found: readonly string[] | undefined;
  /** What was found is what was typed last. */
  isCurrent: boolean;
  lanes: TimeLanes;
  /** The play position, ms: the next one lies after it. */
  at: number;
  chosen: string | undefined;
  onPick: (mark: LaneMark) => void;
}) {
  const { typed, found } = props;
  const field = useSearchField();
  const ask = useAsking(props);
  const place = found && props.chosen !== undefined ? found.indexOf(props.chosen) + 1 : 0;
  return (
    <search className="timeline-search">
      <input
        ref={field}
        type="search"
        value={typed}
        placeholder="mount, pid:4711, actor:runc, layer:kernel, failed"
        aria-label="Search by text, step:, actor:, pid:, layer: or failed"
        onChange={(event) => props.onType(event.target.value)}
        onKeyDown={(event) => {
          if (event.key === 'Enter') ask(event.shiftKey ? -1 : 1);
          if (event.key !== 'Escape') return;
          event.stopPropagation();
          props.onType('');
          field.current?.blur();
        }}
      />
      <output className="found-count">
        {found && (found.length === 0 ? 'nothing fits' : `${place > 0 ? `${place} of ` : ''}${found.length}`)}
      </output>
      <button type="button" disabled={!found?.length} aria-label="Match before" onClick={() => ask(-1)}>
        ↑
      </button>
      <button type="button" disabled={!found?.length} aria-label="Next match" onClick={() => ask(1)}>
        ↓
      </button>
    </search>
  );
}

/** Leads to the match after or before; who is quicker than the search is led there once it is done. */
function useAsking(props: Parameters<typeof SearchBox>[0]): (by: 1 | -1) => void {
  const awaited = useRef<1 | -1>(undefined);
  const go = (by: 1 | -1) => {
    const mark = neighbour(props, by);
    if (mark) props.onPick(mark);
  };
  useEffect(() => {
    const by = props.isCurrent ? awaited.current : undefined;
    if (by === undefined) return;
    awaited.current = undefined;
    go(by);
  });
  return (by) => {
    if (props.isCurrent) go(by);
    else awaited.current = by;
  };
}

/** The field gets the focus when somebody asks for it by key. */
function useSearchField() {
  const field = useRef<HTMLInputElement>(null);
  useEffect(() => {
    const focus = () => field.current?.focus();
    addEventListener('underdock:search', focus);
    return () => removeEventListener('underdock:search', focus);
  }, []);
  return field;
}

/** The match after or before the one that is looked at, else after or before the play position; round at the ends. */
function neighbour(props: Parameters<typeof SearchBox>[0], by: 1 | -1): LaneMark | undefined {
  const { found, lanes, at, chosen } = props;
  if (!found || found.length === 0) return undefined;
  const marks = found.map((key) => lanes.byKey.get(key)!.mark);
  const here = chosen === undefined ? -1 : found.indexOf(chosen);
  if (here >= 0) return marks[(here + by + marks.length) % marks.length];
  const after = marks.findIndex(({ begin }) => begin > at);
  if (by === 1) return marks[Math.max(after, 0)];
  return marks[(after < 0 ? marks.length : after) - 1] ?? marks.at(-1);
}
