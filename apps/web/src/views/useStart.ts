import type { RunRequestInput } from '@underdock/trace';
import { useState } from 'react';
import { SourceError } from '../source/error.ts';
import { usePage } from './page.ts';

/** Starting a run: whether one is being started, why the agent did not, and how to try. */
export interface Start {
  busy: boolean;
  refused: { message: string; remedy?: string | undefined } | undefined;
  start(request: RunRequestInput): Promise<void>;
}

export function useStart(onStarted: (run: string) => void): Start {
  const { http } = usePage();
  const [busy, setBusy] = useState(false);
  const [refused, setRefused] = useState<Start['refused']>();
  const start = async (request: RunRequestInput) => {
    setRefused(undefined);
    setBusy(true);
    try {
      onStarted(await http.start(request));
    } catch (error) {
      if (!(error instanceof SourceError)) throw error;
      setRefused({ message: error.message, remedy: error.remedy });
    } finally {
      setBusy(false);
    }
  };
  return { busy, refused, start };
}
