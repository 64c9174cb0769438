import { existsSync, mkdirSync, readdirSync, renameSync, rmSync, statSync } from 'node:fs';
import { join } from 'node:path';
import type { LibraryEntry, RunSummary } from '@underdock/trace';
import { readHeader, traceFolder } from '../run/store.ts';
import { factsOfFile, type TraceFacts } from './traceFacts.ts';
import { noteFile, readNote } from './traceNotes.ts';

const ENDING = '.chain';
const GROWING = 'growing';

/** A file and what is said about it, as they are now: another stamp = one of them has changed. */
export interface Stamped {
  stamp: string;
  mtimeMs: number;
}

/** The trace files of a folder with their notes: what the library knows, it knows from here. */
export class StoredTraces {
  readonly #folder: string;
  readonly #growing: (id: string) => RunSummary | undefined;

  constructor(folder: string, growing: (id: string) => RunSummary | undefined) {
    this.#folder = folder;
    this.#growing = growing;
  }

  /** By id. */
  files(): Map<string, Stamped> {
    const names = existsSync(this.#folder) ? readdirSync(this.#folder) : [];
    const files = names.flatMap((name) => {
      const isTrace = name.endsWith(ENDING) && !name.startsWith('.');
      const id = name.slice(0, -ENDING.length);
      const stamp = isTrace ? this.stamp(id) : undefined;
      return stamp ? [[id, stamp] as const] : [];
    });
    return new Map(files);
  }

  /** Undefined = there is no such file. */
  stamp(id: string): Stamped | undefined {
    const found = statSync(join(this.#folder, id + ENDING), { throwIfNoEntry: false });
    if (!found?.isFile()) return undefined;
    const note = statSync(noteFile(this.#folder, id), { throwIfNoEntry: false });
    const said = note ? `${note.size}:${note.mtimeMs}` : '';
    // One that grows is looked at each time, and once more when it has ended.
    const grows = this.#growing(id) ? `${GROWING} ` : '';
    return { stamp: `${grows}${found.size}:${found.mtimeMs} ${said}`, mtimeMs: found.mtimeMs };
  }

  /** Reads a trace through. What can’t be read is a broken one: never rejects. */
  async entry(id: string): Promise<LibraryEntry> {
    try {
      return await this.#entry(id);
    } catch (error) {
      const fault = `its file can’t be read (${(error as Error).message})`;
      const none = { title: '', notes: '', tags: [], command: [], containers: [], images: [] };
      const startedAt = new Date(0).toISOString();
      return { ...none, id, ownTitle: id, startedAt, state: 'broken', fault, events: 0, bytes: 0 };
    }
  }

  async #entry(id: string): Promise<LibraryEntry> {
    const file = join(this.#folder, id + ENDING);
    const run = this.#growing(id);
    const facts = run ? await growingFacts(file, run) : await factsOfFile(file);
    const { size, mtimeMs } = statSync(file);
    const { header, fault, ...rest } = facts;
    const { note, fault: noteFault } = readNote(this.#folder, id);
    const said = [fault, noteFault].filter((one) => one !== undefined).join('; ');
    return {
      ...note,
      id,
      ownTitle: header?.title ?? id,
      command: header?.command ?? [],
      ...(header ? { via: header.via } : {}),
      startedAt: header?.startedAt ?? new Date(mtimeMs).toISOString(),
      bytes: size,
      ...rest,
      ...(said ? { fault: said } : {}),
    };
  }
}

type GrowingFacts = Omit<TraceFacts, 'state' | 'fault'> & { state: 'growing'; fault?: string };

async function growingFacts(file: string, run: RunSummary): Promise<GrowingFacts> {
  const header = await readHeader(file);
  const { container, events } = run;
  return { header, state: GROWING, events, containers: container ? [container] : [], images: [] };
}

/** What command lines recorded beside a state folder in use comes to the other traces, still being written or not. */
export function adopt(beside: string, folder: string): void {
  for (const name of existsSync(beside) ? readdirSync(beside) : []) {
    const from = traceFolder(join(beside, name));
    for (const file of existsSync(from) ? readdirSync(from) : []) {
      mkdirSync(folder, { recursive: true, mode: 0o700 });
      if (!existsSync(join(folder, file))) renameSync(join(from, file), join(folder, file));
    }
  }
}

const HALF_WRITTEN = /^\.(import-[0-9a-f]+|.+\.\d+\.tmp)$/;

/** Takes away what an earlier agent was writing when it was killed: to be called before this one takes anything in. */
export function tidy(folder: string): void {
  for (const name of existsSync(folder) ? readdirSync(folder) : [])
    if (HALF_WRITTEN.test(name)) rmSync(join(folder, name), { force: true });
}
