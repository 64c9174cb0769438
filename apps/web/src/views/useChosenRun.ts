import type { RunSummary } from '@underdock/trace';
import { useState } from 'react';
import { useRunAddress } from './useRunAddress.ts';

/** The run that the page shows. */
export interface ChosenRun {
  id: string | undefined;
  /** Its entry in the agent's list; undefined for a run that the agent does not know (any more). */
  run: RunSummary | undefined;
  /** It was started by this page just now: the reader wants to see it from its first step on. */
  fresh: boolean;
  show(id: string | undefined, fresh?: boolean): void;
}

/** `onShow` is told whenever another run is asked for, or none. */
export function useChosenRun(runs: readonly RunSummary[] | undefined, onShow: () => void): ChosenRun {
  const [id, go] = useRunAddress();
  const [started, setStarted] = useState<string>();
  return {
    id,
    run: runs?.find((run) => run.id === id),
    fresh: id !== undefined && started === id,
    show(next, fresh = false) {
      onShow();
      setStarted(fresh ? next : undefined);
      go(next);
    },
  };
}
