import type { Cell, Comparison, ComparisonRow, Side } from '@underdock/chain';
import { ACHIEVEMENT_WORDS, countWords, msWords, REASON_WORDS, sideNotes } from '@underdock/story';
import { useState } from 'react';
import type { ComparedSource } from '../../player/comparing.ts';
import { ActList } from './ActList.tsx';
import { roadTitle } from './compareWords.ts';

interface CompareTableProps {
  comparison: Comparison;
  sources: readonly ComparedSource[];
  onShow: (id: string) => void;
}

/** One column per trace, one row per achievement; a row opens to the acts in it. */
export function CompareTable({ comparison, sources, onShow }: CompareTableProps) {
  const { sides, rows } = comparison;
  const [open, setOpen] = useState<string>();
  return (
    <table className="compare-table" style={{ '--sides': sides.length } as React.CSSProperties}>
      <caption className="sr-only">
        What each trace achieved, by whom, in how many calls and in what time
      </caption>
      <thead>
        <tr>
          <th scope="col" className="achievement">
            What is achieved
          </th>
          {sides.map((side, index) => (
            <SideHead key={side.letter} side={side} source={sources[index]} onShow={onShow} />
          ))}
        </tr>
      </thead>
      {rows.map((row) => (
        <Row
          key={row.achievement}
          row={row}
          sides={sides}
          open={open === row.achievement}
          onOpen={() => setOpen(open === row.achievement ? undefined : row.achievement)}
        />
      ))}
      <Total sides={sides} />
    </table>
  );
}

function SideHead(props: { side: Side; source: ComparedSource | undefined; onShow: (id: string) => void }) {
  const { side, source } = props;
  const notes = sideNotes(side);
  const grows = source && !source.closed;
  return (
    <th scope="col" className="side-head">
      <span className="side-name">
        <span className="letter">{side.letter}</span>
        <button type="button" className="link" onClick={() => props.onShow(side.id)}>
          {roadTitle(side)}
        </button>
        {grows && <span className="grows">{side.events} events so far</span>}
      </span>
      <code className="side-command" title={side.command.join(' ')}>
        {side.command.join(' ') || side.id}
      </code>
      {notes.map((note) => (
        <span className="side-note" key={note}>
          {note}
        </span>
      ))}
    </th>
  );
}

function Row(props: { row: ComparisonRow; sides: readonly Side[]; open: boolean; onOpen: () => void }) {
  const { row, sides, open } = props;
  const { title, means } = ACHIEVEMENT_WORDS[row.achievement];
  const lacking = row.acts.filter(({ mark }) => mark === 'some').length;
  return (
    <tbody className={open ? 'is-open' : undefined}>
      <tr>
        <th scope="row" className="achievement">
          <button type="button" className="quiet" aria-expanded={open} onClick={props.onOpen}>
            {title}
          </button>
          {lacking > 0 && <span className="lacking">{lacking} acts not in all</span>}
        </th>
        {row.cells.map((cell, index) => (
          <CellView key={sides[index]!.letter} cell={cell} side={sides[index]!} />
        ))}
      </tr>
      {open && (
        <tr className="opened">
          <td colSpan={sides.length + 1}>
            <p>{means}</p>
            <ActList acts={row.acts} sides={sides} title={title} />
          </td>
        </tr>
      )}
    </tbody>
  );
}

function CellView({ cell, side }: { cell: Cell; side: Side }) {
  const { state, reason, actors, ms } = cell;
  // Of what was never begun there is nothing to count.
  const isIdle = state === 'unseen' && actors.length === 0;
  const share = side.ms > 0 ? Math.min(1, ms / side.ms) : 0;
  return (
    <td data-letter={side.letter} className={`compare-cell is-${state}`}>
      <span className="share" hidden={isIdle}>
        <span className="share-bar" aria-hidden="true">
          <i style={{ width: `${share * 100}%` }} />
        </span>
        {msWords(ms)}
      </span>
      <span className="actors">{actors.join(', ')}</span>
      <span className="counts">
        {state === 'failed' && <strong className="fault">✕ failed here · </strong>}
        {reason && <em>{REASON_WORDS[reason]}</em>}
        {reason && !isIdle && ' · '}
        {!isIdle && countsWords(cell)}
      </span>
    </td>
  );
}

/** `5 calls · 146 system calls · 4 processes`, without what there is none of. */
function countsWords({ calls, syscalls, processes }: Pick<Cell, 'calls' | 'syscalls' | 'processes'>): string {
  const told = [
    [calls, 'call', 'calls'],
    [syscalls, 'system call', 'system calls'],
    [processes, 'process', 'processes'],
  ] as const;
  const words = told.flatMap(([count, one, more]) =>
    count.n === 0 && !count.atLeast ? [] : [`${countWords(count)}\u00a0${count.n === 1 ? one : more}`],
  );
  const unwatched = syscalls.n === undefined && processes.n === undefined;
  if (!unwatched) return words.join(' · ') || 'no call of its own';
  return [...words.slice(0, calls.n === 0 ? 0 : 1), 'system calls not watched'].join(' · ');
}

function Total({ sides }: { sides: readonly Side[] }) {
  return (
    <tbody className="total">
      <tr>
        <th scope="row" className="achievement">
          <span className="total-name">Altogether</span>
        </th>
        {sides.map((side) => (
          <td key={side.letter} data-letter={side.letter} className="compare-cell">
            <strong className="share">{msWords(side.ms)}</strong>
            <span>{side.exitCode !== undefined && `exit code ${side.exitCode}`}</span>
            <span className="counts">{countsWords(side)}</span>
          </td>
        ))}
      </tr>
    </tbody>
  );
}
