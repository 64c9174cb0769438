import { useState } from 'react';
import { SourceError } from '../source/error.ts';
import { useLink, usePage } from './page.ts';

/** Watching what others start on this host: whether it is on, why it can’t be, and how to turn it on and off. */
export interface Watch {
  on: boolean;
  busy: boolean;
  refused: { message: string; remedy?: string | undefined } | undefined;
  /** Turns it on or off. Resolves with whether it could be done. */
  turn(on: boolean): Promise<boolean>;
  /** The reader has read why it can’t be. */
  dismiss(): void;
}

export function useWatch(): Watch {
  const { http } = usePage();
  const { watching } = useLink();
  const [busy, setBusy] = useState(false);
  const [refused, setRefused] = useState<Watch['refused']>();
  const turn = async (on: boolean) => {
    setRefused(undefined);
    setBusy(true);
    try {
      await http.watch(on);
      return true;
    } catch (error) {
      if (!(error instanceof SourceError)) throw error;
      setRefused({ message: error.message, remedy: error.remedy });
      return false;
    } finally {
      setBusy(false);
    }
  };
  return { on: watching === true, busy, refused, turn, dismiss: () => setRefused(undefined) };
}
