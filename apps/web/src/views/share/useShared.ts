import { type Hideable, type Shared, shareTrace } from '@underdock/chain/share';
import { encodeLine, type TraceEvent, type TraceHeader } from '@underdock/trace';
import { useEffect, useState } from 'react';

/** What the reader wants hidden beyond names. */
export interface Wanted {
  hide: ReadonlySet<Hideable>;
  /** As it was typed: words with commas between them. */
  words: string;
}

/** How long (ms) the page waits for more keys before it looks through the trace. */
const PAUSE_MS = 250;

/** The trace as it would be shared. Undefined while it is looked through: of a long one that takes seconds. */
export function useShared(
  header: TraceHeader,
  events: readonly TraceEvent[],
  wanted: Wanted,
): Shared | undefined {
  const [shared, setShared] = useState<Shared>();
  // What is shared is what was there when the sheet was opened: a run may go on.
  const [taken] = useState(() => events.slice());
  const { hide, words } = wanted;
  useEffect(() => {
    setShared(undefined);
    const timer = setTimeout(() => {
      setShared(shareTrace(header, taken, { hide: [...hide], words: wordsIn(words) }));
    }, PAUSE_MS);
    return () => clearTimeout(timer);
  }, [header, taken, hide, words]);
  return shared;
}

/** The words of a line that was typed. */
export function wordsIn(text: string): string[] {
  return text
    .split(',')
    .map((word) => word.trim())
    .filter((word) => word !== '');
}

/** The trace as a packed file, made in this page. */
export async function packed({ header, events }: Shared): Promise<Blob> {
  const text = new Blob([header, ...events].map(encodeLine));
  return new Response(text.stream().pipeThrough(new CompressionStream('gzip'))).blob();
}
