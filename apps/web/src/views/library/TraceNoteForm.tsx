import { LIBRARY_LIMITS, type LibraryEntry } from '@underdock/trace';
import { type ReactNode, useId, useState } from 'react';
import type { Act } from './useLibrary.ts';

/** Title, notes and tags of a trace, to be written in its place. Escape leaves them as they were. */
export function TraceNoteForm({ entry, act, onDone }: { entry: LibraryEntry; act: Act; onDone: () => void }) {
  const [title, setTitle] = useState(entry.title);
  const [notes, setNotes] = useState(entry.notes);
  const [tags, setTags] = useState(entry.tags.join(', '));
  const save = async () => {
    const change = { title, notes, tags: tagsIn(tags) };
    const done = await act(async (library) => {
      await library.describe(entry.id, change);
      return { words: 'Written down.' };
    });
    if (done) onDone();
  };
  const none = 'none: the command stands for it';
  return (
    <NoteForm onSave={() => void save()} onLeave={onDone}>
      <Field name="Title" value={title} max={LIBRARY_LIMITS.title} hint={none} isFirst onChange={setTitle} />
      <Field
        name="Tags"
        value={tags}
        max={2000}
        hint="with commas between them: lesson 2"
        onChange={setTags}
      />
      <Field name="Notes" value={notes} max={LIBRARY_LIMITS.notes} rows={3} onChange={setNotes} />
    </NoteForm>
  );
}

function NoteForm(props: { onSave: () => void; onLeave: () => void; children: ReactNode }) {
  return (
    <form
      className="note-form"
      data-escape="own"
      onSubmit={(event) => {
        event.preventDefault();
        props.onSave();
      }}
      onKeyDown={(event) => {
        // The sheet stays open: only what was being written is given up.
        if (event.key === 'Escape') props.onLeave();
      }}
    >
      {props.children}
      <div className="form-actions">
        <button type="submit" className="primary">
          Save
        </button>
        <button type="button" className="quiet" onClick={props.onLeave}>
          Leave it
        </button>
      </div>
    </form>
  );
}

function Field(props: {
  name: string;
  value: string;
  max: number;
  hint?: string;
  /** A text of so many lines, else one line. */
  rows?: number;
  isFirst?: boolean;
  onChange: (value: string) => void;
}) {
  const id = useId();
  const { name, value, max, hint, rows, isFirst = false } = props;
  const same = { id, value, maxLength: max, placeholder: hint };
  return (
    <>
      <label htmlFor={id}>{name}</label>
      {rows ? (
        <textarea {...same} rows={rows} onChange={(event) => props.onChange(event.target.value)} />
      ) : (
        <input
          {...same}
          // biome-ignore lint/a11y/noAutofocus: who opens the form wants to write
          autoFocus={isFirst}
          onChange={(event) => props.onChange(event.target.value)}
        />
      )}
    </>
  );
}

/** The tags in what was typed, each once. */
export function tagsIn(text: string): string[] {
  return [
    ...new Set(
      text
        .split(',')
        .map((tag) => tag.trim())
        .filter((tag) => tag !== ''),
    ),
  ];
}
