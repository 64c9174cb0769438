import type { Guide } from '@underdock/trace';

/** A place worth stopping at, as somebody has named it. What comes from a file is the words of others. */
export interface Marker {
  /** Of the event that is the last one applied there: it stays the same at every level and while the trace grows. */
  seq: number;
  title: string;
  /** What is to be said there. */
  text?: string;
  /** Playing stops here in any case. */
  pause?: boolean;
}

/** What a guide marks: chapters by its titles, and places to stop at. */
export function markersOf(guide: Guide | undefined): Marker[] {
  return (guide?.notes ?? []).flatMap(({ seq, title, text, pause }) =>
    title || pause
      ? [{ seq, title: title || text?.slice(0, 60) || 'Stop', pause, ...(text ? { text } : {}) }]
      : [],
  );
}

/** A marker where it lies in the trace. */
export interface PlacedMarker extends Marker {
  /** How many events are applied there. */
  position: number;
  /** A chapter is found in the trace itself; the others somebody has set. */
  isChapter: boolean;
}

/** Markers in order of their places; those whose event is not there (yet), or lies before `start`, are left out. */
export function placeMarkers(
  chapters: readonly Marker[],
  own: readonly Marker[],
  events: readonly { seq: number }[],
  start = 0,
): PlacedMarker[] {
  const wanted = new Set([...chapters, ...own].map(({ seq }) => seq));
  if (wanted.size === 0) return [];
  const positions = new Map<number, number>();
  for (const [index, { seq }] of events.entries()) if (wanted.has(seq)) positions.set(seq, index + 1);
  const place = (isChapter: boolean) => (marker: Marker) => {
    const position = positions.get(marker.seq);
    return position === undefined || position <= start ? [] : [{ ...marker, position, isChapter }];
  };
  return [...chapters.flatMap(place(true)), ...own.flatMap(place(false))].sort(
    (a, b) => a.position - b.position,
  );
}
