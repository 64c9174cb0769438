import {
  type DiskContent,
  type DiskFolder,
  type DiskStackAnswer,
  diskContentSchema,
  diskFolderSchema,
  diskStackSchema,
} from '@underdock/trace';
import type { AgentHttp } from './agentHttp.ts';
import { SourceError } from './error.ts';

/** The layers of one container on the host’s disk. Each call rejects with SourceError with words that can be shown. */
export interface Layers {
  stack(): Promise<DiskStackAnswer>;
  folder(index: number, path: string): Promise<DiskFolder>;
  content(index: number, path: string): Promise<DiskContent>;
}

/** Asks the agent; `container` names which one of a run that has several. */
export function layersOf(http: Pick<AgentHttp, 'read'>, run: string, container: string | undefined): Layers {
  const ask = async <T>(schema: Shape<T>, path: string, query: Record<string, string>): Promise<T> => {
    const words = new URLSearchParams({ ...query, ...(container ? { container } : {}) });
    const answer = schema.safeParse(
      await http.read(`runs/${encodeURIComponent(run)}/layers${path}?${words}`),
    );
    if (answer.success) return answer.data;
    throw new SourceError('unreadable', 'the agent’s answer is not as this page knows it', {
      remedy: 'reload the page: the agent may be of another version',
    });
  };
  return {
    stack: () => ask(diskStackSchema, '', {}),
    folder: (index, path) => ask(diskFolderSchema, `/${index}/files`, { path }),
    content: (index, path) => ask(diskContentSchema, `/${index}/content`, { path }),
  };
}

interface Shape<T> {
  safeParse(value: unknown): { success: true; data: T } | { success: false };
}
