import type { DiskEntry } from '@underdock/trace';
import { useState } from 'react';
import { bytes } from '../evidence/values.ts';
import { FileContent } from './FileContent.tsx';
import { modeOf, noteOf, ownerOf } from './layerWords.ts';
import { Trouble } from './Trouble.tsx';
import type { TreePlace } from './treePlace.ts';
import { useAnswer } from './useAnswer.ts';

/** A folder’s names; folders and files open in place. */
export function FileTree({ place, path, empty }: { place: TreePlace; path: string; empty: string }) {
  const { layers, index, round } = place;
  const { value, problem } = useAnswer(() => layers.folder(index, path), `${index} ${path}`, round);
  if (problem) return <Trouble message={problem.message} remedy={problem.remedy} />;
  if (!value) return <p className="quiet-text tree-note">Reading…</p>;
  const hidden = value.count - value.entries.length;
  return (
    <>
      {path === '/' && value.opaque && (
        <p className="tree-note file-note">The whole layer is opaque: it hides all that lies below.</p>
      )}
      {value.entries.length === 0 && <p className="quiet-text tree-note">{empty}</p>}
      <ul className="file-tree">
        {value.entries.map((entry) => (
          <Entry key={entry.name} place={place} entry={entry} path={below(path, entry.name)} />
        ))}
      </ul>
      {(hidden > 0 || value.more) && (
        <p className="quiet-text tree-note">
          and {value.more ? 'more than ' : ''}
          {hidden.toLocaleString()} more names, which are not shown
        </p>
      )}
    </>
  );
}

function Entry({ place, entry, path }: { place: TreePlace; entry: DiskEntry; path: string }) {
  const [open, setOpen] = useState(false);
  const note = noteOf(entry);
  const opens = (entry.kind === 'folder' || entry.kind === 'file') && !entry.unnameable;
  return (
    <li className={`file is-${entry.kind}`}>
      <div className="file-row">
        {opens ? (
          <button type="button" className="quiet" aria-expanded={open} onClick={() => setOpen(!open)}>
            <Name entry={entry} />
          </button>
        ) : (
          <span className="file-name">
            <Name entry={entry} />
          </span>
        )}
        <Facts entry={entry} />
      </div>
      {note && <p className="file-note">{note}</p>}
      {open && entry.kind === 'folder' && <FileTree place={place} path={path} empty="An empty folder." />}
      {open && entry.kind === 'file' && <FileContent place={place} path={path} />}
    </li>
  );
}

function Name({ entry }: { entry: DiskEntry }) {
  if (entry.kind === 'whiteout') {
    return (
      <>
        deletes <del className="mono">{entry.name}</del>
      </>
    );
  }
  return (
    <span className="mono">
      {entry.name}
      {entry.kind === 'folder' && '/'}
      {entry.kind === 'link' && <span className="quiet-text"> → {entry.target ?? '(gone)'}</span>}
    </span>
  );
}

function Facts({ entry }: { entry: DiskEntry }) {
  if (entry.kind === 'whiteout') return null;
  return (
    <span className="file-facts">
      <span className="file-size">{entry.bytes === undefined ? '' : bytes(entry.bytes)}</span>
      <span title="owner and group">{ownerOf(entry)}</span>
      <span className="mono">{modeOf(entry)}</span>
    </span>
  );
}

function below(folder: string, name: string): string {
  return folder === '/' ? `/${name}` : `${folder}/${name}`;
}
