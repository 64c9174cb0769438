import type { RunSummary } from '@underdock/trace';
import { useEffect, useState } from 'react';
import { type News, newsOf } from './newest.ts';

/** What is told about new found runs, and how to put it aside. */
export interface Newest {
  news: Extract<News, { tell: RunSummary }> | undefined;
  dismiss(): void;
}

/** Follows the newest found run for as long as nobody looks at anything else. */
export function useNewest(options: {
  runs: readonly RunSummary[] | undefined;
  watching: boolean;
  shown: string | undefined;
  /** Something lies open over the page. */
  covered: boolean;
  show: (run: string) => void;
}): Newest {
  const { runs, watching, shown, covered, show } = options;
  const [seen, setSeen] = useState<ReadonlySet<string>>();
  const [opened, setOpened] = useState<string>();
  const touched = useTouched();
  useEffect(() => {
    // What was there before the page looked, or before anybody watched, is no news.
    // The set stays the same one while it says the same: a new one would bring on this effect again, without end.
    if (runs && (!seen || !watching)) setSeen((known) => (isOf(known, runs) ? known : idsOf(runs)));
  }, [runs, watching, seen]);
  useEffect(() => {
    if (shown !== undefined) setSeen((known) => known && new Set([...known, shown]));
  }, [shown]);
  const idle = !covered && (shown === undefined || (shown === opened && touched !== shown));
  const news = runs && watching && seen ? newsOf(runs, { shown, idle, seen }) : undefined;
  const next = news && 'open' in news ? news.open.id : undefined;
  useEffect(() => {
    if (next === undefined) return;
    setOpened(next);
    show(next);
  });
  return {
    news: news && 'tell' in news ? news : undefined,
    dismiss: () => setSeen(new Set([...(seen ?? []), ...(runs ?? []).map(({ id }) => id)])),
  };
}

function idsOf(runs: readonly RunSummary[]): ReadonlySet<string> {
  return new Set(runs.map(({ id }) => id));
}

function isOf(known: ReadonlySet<string> | undefined, runs: readonly RunSummary[]): boolean {
  return known !== undefined && known.size === runs.length && runs.every(({ id }) => known.has(id));
}

/** Keys that say how the page looks, and nothing about what is looked at. */
const LOOKS = ['p', 't', 'w', 'n', 'Shift', 'Control', 'Alt', 'Meta'];

/** The run in which somebody has clicked, scrolled or stepped since it was opened. */
function useTouched(): string | undefined {
  const [touched, setTouched] = useState<string>();
  useEffect(() => {
    const touch = (event: Event) => {
      if (event instanceof KeyboardEvent && LOOKS.includes(event.key)) return;
      if (event.target instanceof Element && event.target.closest('.top-bar')) return;
      setTouched(new URLSearchParams(location.hash.slice(1)).get('run') ?? undefined);
    };
    const kinds = ['keydown', 'pointerdown', 'wheel'] as const;
    for (const kind of kinds) addEventListener(kind, touch, { passive: true });
    return () => {
      for (const kind of kinds) removeEventListener(kind, touch);
    };
  }, []);
  return touched;
}
