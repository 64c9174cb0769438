import {
  type LibraryAnswer,
  type LibraryEntry,
  libraryAnswerSchema,
  libraryEntrySchema,
  type TraceNoteChange,
  type TrashEntry,
  trashEntrySchema,
} from '@underdock/trace';
import type { AgentHttp } from './agentHttp.ts';
import { SourceError } from './error.ts';

/** What is looked for in the library. */
export interface LibrarySearch {
  text: string;
  tags: readonly string[];
  /** So many at most. */
  limit: number;
}

/** The traces that the agent keeps. Each call rejects with SourceError with words that can be shown. */
export interface LibraryLink {
  find(search: LibrarySearch): Promise<LibraryAnswer>;
  describe(id: string, change: TraceNoteChange): Promise<LibraryEntry>;
  /** Moves a trace to the trash; resolves with the key that brings it back. */
  remove(id: string): Promise<string>;
  take(file: Blob, name: string): Promise<LibraryEntry>;
  download(id: string): Promise<{ file: Blob; name: string }>;
  trash(): Promise<TrashEntry[]>;
  restore(key: string): Promise<void>;
  /** Deletes for good: one, or all of the trash. */
  empty(key?: string): Promise<void>;
}

/** The library of the agent behind this page. */
export function libraryOf(http: Pick<AgentHttp, 'read' | 'change' | 'send' | 'fetchFile'>): LibraryLink {
  const path = (id: string) => `library/${encodeURIComponent(id)}`;
  const trashPath = (key: string) => `trash/${encodeURIComponent(key)}`;
  return {
    async find({ text, tags, limit }) {
      const query = new URLSearchParams({ q: text, limit: String(limit) });
      for (const tag of tags) query.append('tag', tag);
      return known(libraryAnswerSchema, await http.read(`library?${query}`));
    },
    describe: async (id, change) => known(libraryEntrySchema, await http.change('PATCH', path(id), change)),
    async remove(id) {
      const { trash } = (await http.change('DELETE', path(id))) as { trash?: unknown };
      return String(trash);
    },
    take: async (file, name) =>
      known(libraryEntrySchema, await http.send(`library?${new URLSearchParams({ name })}`, file)),
    download: (id) => http.fetchFile(`${path(id)}/file`),
    trash: async () => known(trashEntrySchema.array(), await http.read('trash')),
    restore: async (key) => void (await http.change('POST', `${trashPath(key)}/restore`)),
    empty: async (key) => void (await http.change('DELETE', key === undefined ? 'trash' : trashPath(key))),
  };
}

interface Shape<T> {
  safeParse(value: unknown): { success: true; data: T } | { success: false };
}

function known<T>(shape: Shape<T>, answer: unknown): T {
  const read = shape.safeParse(answer);
  if (read.success) return read.data;
  throw new SourceError('unreadable', 'the agent’s answer is not as this page knows it', {
    remedy: 'reload the page: the agent may be of another version',
  });
}
