import { existsSync, mkdirSync, readdirSync, renameSync, rmSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { type TrashEntry, trashEntrySchema } from '@underdock/trace';
import { readHeader } from '../run/store.ts';
import { LibraryError, writeError } from './error.ts';
import { GUIDE_ENDING } from './guides.ts';
import { NOTE_ENDING, readNote } from './traceNotes.ts';

/** What was deleted can be had back for so long (ms). */
export const KEPT_MS = 7 * 24 * 60 * 60 * 1000;
/** The files of one trace, by what follows its id. */
const ENDINGS = ['.chain', NOTE_ENDING, GUIDE_ENDING];

/** Deleted traces, each in a folder of its own with its note, beside the folder of the others. */
export class Trash {
  readonly #folder: string;
  readonly #traces: string;
  readonly #now: () => number;

  constructor(folder: string, traces: string, now: () => number = Date.now) {
    this.#folder = folder;
    this.#traces = traces;
    this.#now = now;
  }

  /** Moves a trace here and answers with the key that brings it back. Throws LibraryError `no-such-trace` and those of the disk. */
  take(id: string): string {
    // Whoever asked a moment before has it already.
    if (!existsSync(join(this.#traces, `${id}.chain`)))
      throw new LibraryError('no-such-trace', `there is no trace ${id} in the library`);
    const key = `${this.#now()}-${id}`;
    const place = join(this.#folder, key);
    try {
      // One by one: made in one go, a file system that can only be read says that something is missing.
      if (!existsSync(this.#folder)) mkdirSync(this.#folder, { mode: 0o700 });
      mkdirSync(place, { mode: 0o700 });
      this.#move(this.#traces, place, id);
    } catch (cause) {
      throw writeError('the trash', this.#folder, cause);
    }
    return key;
  }

  /** Brings a trace back and answers with its id. Throws LibraryError `no-such-trace`, `already-there`. */
  restore(key: string): string {
    const id = this.#idOf(key);
    if (existsSync(join(this.#traces, `${id}.chain`))) {
      throw new LibraryError('already-there', `a trace with the id ${id} is in the library again`, {
        remedy: 'delete that one first',
      });
    }
    const place = join(this.#folder, key);
    try {
      this.#move(place, this.#traces, id);
      rmSync(place, { recursive: true, force: true });
    } catch (cause) {
      throw writeError('the trace', this.#traces, cause);
    }
    return id;
  }

  /** Deletes for good. Throws LibraryError `no-such-trace`. */
  empty(key?: string): void {
    if (key !== undefined) this.#idOf(key);
    const keys = key === undefined ? this.#keys() : [key];
    for (const one of keys) rmSync(join(this.#folder, one), { recursive: true, force: true });
  }

  /** Newest first. */
  async list(): Promise<TrashEntry[]> {
    const entries = await Promise.all(this.#keys().map((key) => this.#entry(key)));
    return entries.flatMap((entry) => entry ?? []);
  }

  get size(): number {
    return this.#keys().length;
  }

  /** Deletes for good what has lain here for longer than a week. */
  purge(): void {
    for (const key of this.#keys()) if (this.#now() - Number.parseInt(key, 10) > KEPT_MS) this.empty(key);
  }

  async #entry(key: string): Promise<TrashEntry | undefined> {
    const id = idIn(key);
    const place = join(this.#folder, key);
    const file = join(place, `${id}.chain`);
    const found = statSync(file, { throwIfNoEntry: false });
    if (!found) return undefined;
    const title = readNote(place, id).note.title || ((await readHeader(file))?.title ?? id);
    const removedAt = new Date(Number.parseInt(key, 10)).toISOString();
    return { key, id, title, removedAt, bytes: found.size };
  }

  #keys(): string[] {
    const names = existsSync(this.#folder) ? readdirSync(this.#folder) : [];
    return names
      .filter((name) => trashEntrySchema.shape.key.safeParse(name).success)
      .sort((a, b) => Number.parseInt(b, 10) - Number.parseInt(a, 10));
  }

  #idOf(key: string): string {
    if (this.#keys().includes(key)) return idIn(key);
    throw new LibraryError('no-such-trace', 'there is no such trace in the trash any more');
  }

  /** The trace last: while it is where it was, nothing has happened yet. */
  #move(from: string, to: string, id: string): void {
    for (const ending of ENDINGS.toReversed()) {
      const file = join(from, id + ending);
      if (existsSync(file)) renameSync(file, join(to, id + ending));
    }
  }
}

function idIn(key: string): string {
  return key.slice(key.indexOf('-') + 1);
}
