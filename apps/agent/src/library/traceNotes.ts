import { existsSync, readFileSync, renameSync, statSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { type TraceNote, traceNoteSchema } from '@underdock/trace';
import { z } from 'zod';
import { writeError } from './error.ts';
import { GUIDE_ENDING } from './guides.ts';
import { writeWhole } from './writeWhole.ts';

/** The ending of the file beside a trace that holds what people said about it. */
export const NOTE_ENDING = '.about.json';
const MOST_BYTES = 256 * 1024;

const storedSchema = traceNoteSchema.extend({
  /** The version of this file’s form. */
  about: z.literal(1),
  /** The file that it was imported from, and when. */
  importedFrom: z.string().max(300).optional(),
  importedAt: z.iso.datetime().optional(),
});

/** What lies beside a trace: title, notes, tags, and where an imported one came from. */
export type StoredNote = Omit<z.infer<typeof storedSchema>, 'about'>;

/** A trace that nobody has said anything about. */
export const NO_NOTE: StoredNote & TraceNote = { title: '', notes: '', tags: [] };

/** Where the note of a trace lies. */
export function noteFile(folder: string, id: string): string {
  return join(folder, `${id}${NOTE_ENDING}`);
}

/** Whether somebody has described the trace in this file, or written a guide to it: then it is not thrown away by itself. */
export function isDescribed(traceFile: string): boolean {
  const beside = [NOTE_ENDING, GUIDE_ENDING].map((ending) => traceFile.replace(/\.chain$/, ending));
  return beside.some((file) => existsSync(file));
}

/** The note of a trace; `fault` says in words why one that is there can’t be read. */
export function readNote(folder: string, id: string): { note: StoredNote; fault?: string } {
  const file = noteFile(folder, id);
  try {
    if (!existsSync(file)) return { note: NO_NOTE };
    if (statSync(file).size > MOST_BYTES) throw new Error('it is too large');
    const { about: _, ...note } = storedSchema.parse(JSON.parse(readFileSync(file, 'utf8')));
    return { note };
  } catch (error) {
    const why = error instanceof z.ZodError ? (error.issues[0]?.message ?? '') : (error as Error).message;
    return { note: NO_NOTE, fault: `its title and notes can’t be read (${id}${NOTE_ENDING}: ${why})` };
  }
}

/**
 * Writes the note whole or not at all: a new file takes the old one’s place once it is on the disk. One that could not be read is
 * kept aside. Throws LibraryError `disk-full`, `cannot-write`.
 */
export function writeNote(folder: string, id: string, note: StoredNote): void {
  const file = noteFile(folder, id);
  const fresh = join(folder, `.${id}.${process.pid}.tmp`);
  try {
    if (readNote(folder, id).fault) renameSync(file, `${file}.damaged`);
  } catch (cause) {
    throw writeError('what you wrote', dirname(file), cause);
  }
  writeWhole(file, `${JSON.stringify({ about: 1, ...note })}\n`, { fresh, what: 'what you wrote' });
}
