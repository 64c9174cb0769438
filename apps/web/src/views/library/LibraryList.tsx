import { type KeyboardEvent, useState } from 'react';
import { isOpened } from '../../source/openedTraces.ts';
import { usePage } from '../page.ts';
import { isOver } from '../runWords.ts';
import { downloadTrace, keepOpened, removeTrace } from './libraryActs.ts';
import { factsOf, type LibraryRow, standing } from './libraryRows.ts';
import { TraceNoteForm } from './TraceNoteForm.tsx';
import type { Act } from './useLibrary.ts';

interface ListProps {
  current: string | undefined;
  onPick: (run: string) => void;
  /** Absent = nothing can be done with them but to look. */
  act?: Act;
  canDrive?: boolean;
}

/** The traces, each a line to open; arrows go from one to the next. */
export function LibraryList({ rows, ...props }: ListProps & { rows: readonly LibraryRow[] }) {
  return (
    <ul className="runs" onKeyDown={goOn}>
      {rows.map((row) => (
        <Row key={row.id} row={row} {...props} />
      ))}
    </ul>
  );
}

function goOn(event: KeyboardEvent): void {
  const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
  const all = [...event.currentTarget.querySelectorAll<HTMLElement>('.run-row')];
  const at = all.indexOf(event.target as HTMLElement);
  if (!step || at < 0) return;
  event.preventDefault();
  all[at + step]?.focus();
}

function Row({ row, current, onPick, act, canDrive = false }: ListProps & { row: LibraryRow }) {
  const [editing, edit] = useState(false);
  const { entry } = row;
  const { words, className } = standing(row);
  return (
    <li className="library-row">
      <button
        type="button"
        className="run-row"
        aria-current={row.id === current}
        onClick={() => onPick(row.id)}
      >
        {entry?.title && <strong>{entry.title}</strong>}
        <code title={row.command}>{row.command}</code>
        <span className="run-facts">
          <span className={className}>{words}</span>
          {factsOf(row).map((fact) => (
            <span key={fact}>{fact}</span>
          ))}
        </span>
        {row.run?.error && <span className="run-error">{row.run.error}</span>}
        {entry?.fault && <span className="row-fault">{entry.fault}</span>}
        {(entry?.tags.length ?? 0) > 0 && (
          <span className="row-tags">
            {entry?.tags.map((tag) => (
              <span key={tag} className="tag">
                {tag}
              </span>
            ))}
          </span>
        )}
        {entry?.notes && !editing && <span className="row-notes">{entry.notes}</span>}
      </button>
      {act && <RowActs {...{ row, act, canDrive, editing }} onEdit={() => edit(!editing)} />}
      {editing && act && entry && <TraceNoteForm entry={entry} act={act} onDone={() => edit(false)} />}
    </li>
  );
}

interface RowActsProps {
  row: LibraryRow;
  act: Act;
  canDrive: boolean;
  editing: boolean;
  onEdit: () => void;
}

function RowActs(props: RowActsProps) {
  const { row, act, canDrive } = props;
  const { link } = usePage();
  const file = isOpened(row.id) ? link.fileOf(row.id) : undefined;
  return (
    <div className="row-acts">
      {file && canDrive && (
        <button type="button" className="small" onClick={() => void keepOpened(act, file)}>
          Keep it in the library
        </button>
      )}
      {row.entry && <StoredActs {...props} name={row.entry.title || row.command} />}
    </div>
  );
}

function StoredActs({ row, act, canDrive, editing, onEdit, name }: RowActsProps & { name: string }) {
  const grows = row.run ? !isOver(row.run) : row.entry?.state === 'growing';
  const acts: [string, () => void, boolean][] = [
    ['Edit', onEdit, canDrive],
    ['Download', () => void downloadTrace(act, row), true],
    ['Delete', () => void removeTrace(act, row), canDrive && !grows],
  ];
  return acts
    .filter(([, , may]) => may)
    .map(([word, does]) => (
      <button
        key={word}
        type="button"
        className="small"
        aria-label={`${word} ${name}`}
        {...(word === 'Edit' ? { 'aria-expanded': editing } : {})}
        onClick={does}
      >
        {word}
      </button>
    ));
}
