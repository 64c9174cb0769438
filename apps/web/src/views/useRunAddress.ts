import { useCallback, useSyncExternalStore } from 'react';

/** The run that the address names (`#run=ID`), so that a reload and a link show the same run; and how to change it. */
export function useRunAddress(): [string | undefined, (run: string | undefined) => void] {
  const run = useSyncExternalStore(onChange, () => runOf(location.hash));
  const go = useCallback((next: string | undefined) => {
    if (next === runOf(location.hash)) return;
    location.hash = next ? `run=${encodeURIComponent(next)}` : '';
  }, []);
  return [run, go];
}

function onChange(listener: () => void): () => void {
  addEventListener('hashchange', listener);
  return () => removeEventListener('hashchange', listener);
}

function runOf(hash: string): string | undefined {
  return new URLSearchParams(hash.slice(1)).get('run') ?? undefined;
}
