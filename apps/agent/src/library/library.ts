import { randomBytes } from 'node:crypto';
import { join } from 'node:path';
import type { LibraryAnswer, LibraryEntry, RunSummary, TraceNoteChange, TrashEntry } from '@underdock/trace';
import { traceFile, traceFolder } from '../run/store.ts';
import { LibraryError } from './error.ts';
import { importTrace } from './importTrace.ts';
import { LibraryIndex, type LibraryQuery } from './libraryIndex.ts';
import { adopt, StoredTraces, tidy } from './storedTraces.ts';
import { readNote, writeNote } from './traceNotes.ts';
import { Trash } from './trash.ts';

/** The traces of a state folder, searched, described, imported and deleted. */
export interface Library {
  /** Newest first; waits a moment for files that are new, and says how many are still to be looked through. */
  find(query?: LibraryQuery): Promise<LibraryAnswer>;
  /** Throws LibraryError `no-such-trace`. */
  get(id: string): Promise<LibraryEntry>;
  /** Changes what is said about a trace. Throws LibraryError `no-such-trace`, `disk-full`, `cannot-write`. */
  describe(id: string, change: TraceNoteChange): Promise<LibraryEntry>;
  /** Moves a trace to the trash; answers with the key that brings it back. Throws LibraryError. */
  remove(id: string): Promise<string>;
  /** Takes a trace in; `from` is what its file was called. Throws LibraryError. */
  import(chunks: AsyncIterable<Uint8Array>, from: string): Promise<LibraryEntry>;
  trash(): Promise<TrashEntry[]>;
  /** Brings a trace back and answers with its id. Throws LibraryError. */
  restore(key: string): Promise<string>;
  /** Deletes for good: one, or all of the trash. Throws LibraryError. */
  empty(key?: string): Promise<void>;
  /** Called when something in it has changed; returns how to stop listening. */
  onChange(listener: () => void): () => void;
  close(): void;
}

/** What a library is opened with. */
export interface LibraryOptions {
  stateDir: string;
  /** The run that writes this trace now, if one does. */
  growing: (id: string) => RunSummary | undefined;
  /** Called before a trace goes to the trash. */
  forget?: (id: string) => void;
  now?: () => number;
}

/** A search waits no longer for files to be looked through (ms). */
const PATIENCE_MS = 500;
const MOST_IMPORTS = 2;

/** Opens the library of a state folder and begins to look through what is new in it. Never throws for what lies there. */
export function openLibrary(options: LibraryOptions): Library {
  return new StateLibrary(options);
}

class StateLibrary implements Library {
  readonly #options: LibraryOptions;
  readonly #folder: string;
  readonly #traces: StoredTraces;
  readonly #trash: Trash;
  readonly #listeners = new Set<() => void>();
  #index: LibraryIndex;
  #syncing: Promise<void> | undefined;
  #unread = 0;
  #imports = 0;
  #closed = false;

  constructor(options: LibraryOptions) {
    this.#options = options;
    this.#folder = traceFolder(options.stateDir);
    this.#traces = new StoredTraces(this.#folder, options.growing);
    this.#trash = new Trash(join(options.stateDir, 'trash'), this.#folder, options.now);
    this.#index = LibraryIndex.open(join(options.stateDir, 'library.sqlite'));
    attempt(() => this.#trash.purge());
    attempt(() => tidy(this.#folder));
    attempt(() => adopt(join(options.stateDir, 'beside'), this.#folder));
    void this.#sync();
  }

  async find(query: LibraryQuery = {}): Promise<LibraryAnswer> {
    await Promise.race([this.#sync(), new Promise((resolve) => setTimeout(resolve, PATIENCE_MS))]);
    const found = this.#tryIndex((index) => index.find(query));
    attempt(() => this.#trash.purge());
    const { problem } = this.#index;
    return { ...found, trash: this.#trash.size, unread: this.#unread, problems: problem ? [problem] : [] };
  }

  async get(id: string): Promise<LibraryEntry> {
    const file = await traceFile(this.#folder, id);
    if (!file) throw noSuchTrace(id);
    await this.#read(id);
    return this.#tryIndex((index) => index.get(id)) ?? (await this.#traces.entry(id));
  }

  async describe(id: string, change: TraceNoteChange): Promise<LibraryEntry> {
    const entry = await this.get(id);
    const { note } = readNote(this.#folder, entry.id);
    const { title = note.title, notes = note.notes, tags = note.tags } = change;
    writeNote(this.#folder, entry.id, { ...note, title, notes, tags });
    return this.#changed(entry.id);
  }

  async remove(id: string): Promise<string> {
    if (!(await traceFile(this.#folder, id))) throw noSuchTrace(id);
    if (this.#options.growing(id)) {
      throw new LibraryError('trace-growing', 'this trace is being written', {
        remedy: 'wait until the run has ended, or stop it',
      });
    }
    const key = this.#trash.take(id);
    this.#options.forget?.(id);
    this.#tryIndex((index) => index.forget([id]));
    this.#tell();
    return key;
  }

  async import(chunks: AsyncIterable<Uint8Array>, from: string): Promise<LibraryEntry> {
    if (this.#imports >= MOST_IMPORTS) {
      throw new LibraryError('too-many-imports', `${MOST_IMPORTS} files are being taken in already`, {
        remedy: 'send one after the other',
      });
    }
    this.#imports++;
    try {
      const unique = randomBytes(6).toString('hex');
      const { id } = await importTrace(chunks, { folder: this.#folder, unique });
      const importedAt = new Date(this.#options.now?.() ?? Date.now()).toISOString();
      // What was said about it stays, if its file alone was taken away by hand.
      const { note } = readNote(this.#folder, id);
      writeNote(this.#folder, id, { ...note, importedFrom: from.slice(0, 300), importedAt });
      return await this.#changed(id);
    } finally {
      this.#imports--;
    }
  }

  trash(): Promise<TrashEntry[]> {
    return this.#trash.list();
  }

  async restore(key: string): Promise<string> {
    const id = this.#trash.restore(key);
    await this.#changed(id);
    return id;
  }

  async empty(key?: string): Promise<void> {
    this.#trash.empty(key);
    this.#tell();
  }

  onChange(listener: () => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  close(): void {
    this.#closed = true;
    this.#listeners.clear();
    this.#index.close();
  }

  async #changed(id: string): Promise<LibraryEntry> {
    await this.#read(id);
    this.#tell();
    return this.get(id);
  }

  #tell(): void {
    for (const listener of [...this.#listeners]) listener();
  }

  /** Looks through what is new or has changed, newest first, and forgets what is gone. One at a time. */
  #sync(): Promise<void> {
    this.#syncing ??= this.#lookThrough().finally(() => {
      this.#syncing = undefined;
      this.#unread = 0;
    });
    return this.#syncing;
  }

  async #lookThrough(): Promise<void> {
    const files = this.#traces.files();
    const known = this.#tryIndex((index) => index.stamps());
    const gone = [...known.keys()].filter((id) => !files.has(id));
    if (gone.length > 0) this.#tryIndex((index) => index.forget(gone));
    const stale = [...files].filter(([id, file]) => known.get(id) !== file.stamp);
    stale.sort(([, a], [, b]) => b.mtimeMs - a.mtimeMs);
    this.#unread = stale.length;
    for (const [id] of stale) {
      if (this.#closed) return;
      await this.#read(id);
      this.#unread--;
    }
  }

  async #read(id: string): Promise<void> {
    const before = this.#traces.stamp(id);
    if (!before || this.#tryIndex((index) => index.stamp(id)) === before.stamp) return;
    const entry = await this.#traces.entry(id);
    // It may have been deleted meanwhile.
    if (!this.#closed && this.#traces.stamp(id)) this.#tryIndex((index) => index.put(entry, before.stamp));
  }

  /** An index that fails is a cache that is lost: the memory takes its place, and everything is looked through anew. */
  #tryIndex<T>(ask: (index: LibraryIndex) => T): T {
    try {
      return ask(this.#index);
    } catch (error) {
      if (this.#closed || this.#index.problem !== undefined) throw error;
      attempt(() => this.#index.close());
      const why = error instanceof Error ? error.message : String(error);
      this.#index = LibraryIndex.inMemory(
        `the library’s index failed (${why}): it is kept in memory until underdock starts again, and nothing is lost`,
      );
      void this.#sync();
      return ask(this.#index);
    }
  }
}

/** What fails here is only tidying. */
function attempt(act: () => void): void {
  try {
    act();
  } catch {
    // The next start tries again.
  }
}

function noSuchTrace(id: string): LibraryError {
  return new LibraryError('no-such-trace', `there is no trace ${id} in the library`, {
    remedy: 'look at the list for its id, or in the trash',
  });
}
