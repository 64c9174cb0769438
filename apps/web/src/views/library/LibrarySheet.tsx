import type { RunSummary } from '@underdock/trace';
import { useState } from 'react';
import { bytes } from '../evidence/values.ts';
import { GalleryDoor } from '../gallery/GalleryDoor.tsx';
import { useLink } from '../page.ts';
import { Sheet } from '../Sheet.tsx';
import { useTaking } from '../useOpening.ts';
import { ImportButton } from './ImportButton.tsx';
import { LibraryList } from './LibraryList.tsx';
import { importFiles } from './libraryActs.ts';
import { rowsOf } from './libraryRows.ts';
import { SaidLine } from './SaidLine.tsx';
import { TrashList } from './TrashList.tsx';
import { type LibraryView, useLibrary } from './useLibrary.ts';

interface LibrarySheetProps {
  runs: readonly RunSummary[];
  current: string | undefined;
  open: boolean;
  onClose: () => void;
  onPick: (run: string) => void;
  onCompare: () => void;
}

/** Everything that was recorded here, and what goes on: found by words and tags, described, taken in, given out, deleted. */
export function LibrarySheet(props: LibrarySheetProps) {
  const isAlone = useLink().state === 'none';
  return (
    <Sheet title={isAlone ? 'Opened in this page' : 'Library'} open={props.open} onClose={props.onClose} wide>
      {isAlone ? <OpenedHere {...props} /> : <Shelves {...props} />}
    </Sheet>
  );
}

/** A page without an agent has no disk to keep anything on. */
function OpenedHere({ runs, current, onPick, onCompare }: LibrarySheetProps) {
  return (
    <>
      <p className="quiet-text">
        There is no underdock behind this page, so nothing is kept: what was opened in it is forgotten when it
        is closed.
      </p>
      {runs.length > 1 && (
        <button type="button" className="compare-door" onClick={onCompare}>
          Compare some of them
        </button>
      )}
      <LibraryList rows={rowsOf([], runs, false)} current={current} onPick={onPick} />
    </>
  );
}

function Shelves({ runs, current, onClose, onPick, onCompare }: LibrarySheetProps) {
  const view = useLibrary();
  const canDrive = useLink().role === 'drive';
  const [inTrash, showTrash] = useState(false);
  const { value, problem } = view.answer;
  const searching = view.text !== '' || view.tags.length > 0;
  const rows = rowsOf(value?.entries ?? [], runs, searching);
  const take = (files: readonly File[]) => void importFiles(view.act, files);
  const trash = canDrive ? (value?.trash ?? 0) : 0;
  useTaking(canDrive ? take : undefined);
  return (
    <>
      <div className="library-tools">
        <SearchField view={view} />
        {rows.length > 1 && (
          <button type="button" className="compare-door" onClick={onCompare}>
            Compare some of them
          </button>
        )}
        {canDrive && <ImportButton onFiles={take} />}
        <GalleryDoor onGo={onClose} />
        {trash > 0 && (
          <button type="button" aria-expanded={inTrash} onClick={() => showTrash(!inTrash)}>
            Trash <span className="count">{trash}</span>
          </button>
        )}
      </div>
      <Tags view={view} />
      <SaidLine said={view.said} />
      {problem && <p className="fault">{[problem.message, problem.remedy].filter(Boolean).join(': ')}</p>}
      {value?.problems.map((one) => (
        <p key={one} className="library-problem">
          {one}
        </p>
      ))}
      {inTrash && trash > 0 && <TrashList view={view} />}
      <p className="quiet-text" role="status">
        {summary(view, searching)}
      </p>
      <LibraryList rows={rows} current={current} onPick={onPick} act={view.act} canDrive={canDrive} />
      {rows.length === 0 && !view.answer.asking && <Nothing searching={searching} />}
      {value && value.found > value.entries.length && <More onMore={view.more} />}
    </>
  );
}

function SearchField({ view }: { view: LibraryView }) {
  // On a touch screen a field with the focus brings up a keyboard over half of the list.
  const first = matchMedia('(pointer: coarse)').matches ? {} : { 'data-first': true };
  return (
    <input
      type="search"
      {...first}
      aria-label="Search the library"
      placeholder="Search titles, notes, tags, commands, images"
      value={view.text}
      maxLength={500}
      onChange={(event) => view.setText(event.target.value)}
      onKeyDown={(event) => {
        if (event.key === 'ArrowDown') document.querySelector<HTMLElement>('.run-row')?.focus();
      }}
    />
  );
}

function More({ onMore }: { onMore: () => void }) {
  return (
    <button type="button" onClick={onMore}>
      Show more
    </button>
  );
}

function summary({ answer: { value } }: LibraryView, searching: boolean): string {
  if (!value) return 'Looking …';
  const all = `${value.total.toLocaleString()} ${value.total === 1 ? 'trace' : 'traces'}`;
  const unread = value.unread > 0 ? `; ${value.unread} more are still being looked through` : '';
  return `${searching ? `${value.found} of ${all}` : `${all}, ${bytes(value.bytes)}`}${unread}`;
}

function Tags({ view }: { view: LibraryView }) {
  const tags = view.answer.value?.tags ?? [];
  // A tag that is chosen stays to be taken back, also when nothing has it any more.
  const all = [
    ...tags,
    ...view.tags.filter((tag) => !tags.some((one) => one.tag === tag)).map((tag) => ({ tag, count: 0 })),
  ];
  if (all.length === 0) return null;
  return (
    <fieldset className="tag-choice">
      <legend className="sr-only">Only with these tags</legend>
      {all.map(({ tag, count }) => (
        <button
          key={tag}
          type="button"
          className="tag"
          aria-pressed={view.tags.includes(tag)}
          onClick={() => view.turnTag(tag)}
        >
          {tag} <span className="count">{count}</span>
        </button>
      ))}
    </fieldset>
  );
}

function Nothing({ searching }: { searching: boolean }) {
  return searching ? (
    <p>Nothing fits. Fewer words or tags find more.</p>
  ) : (
    <p>
      Nothing has been recorded yet. What is started here or with underdock run, watch or record in a terminal
      shows up in this list by itself.
    </p>
  );
}
