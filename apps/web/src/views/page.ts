import { createContext, useContext, useSyncExternalStore } from 'react';
import type { AgentHttp } from '../source/agentHttp.ts';
import type { LinkSnapshot } from '../source/link.ts';
import type { OpenedTraces } from '../source/openedTraces.ts';

/** What every view may reach: the agent, by both its ways, and what was opened in the page. */
export interface Page {
  http: AgentHttp;
  link: OpenedTraces;
}

export const PageContext = createContext<Page | undefined>(undefined);

export function usePage(): Page {
  const page = useContext(PageContext);
  if (!page) throw new Error('this view stands outside of PageContext: render it inside App');
  return page;
}

/** What the agent has said so far. */
export function useLink(): LinkSnapshot {
  const { link } = usePage();
  return useSyncExternalStore(link.subscribe, link.snapshot);
}
