import { memo } from 'react';
import type { PlacedMarker } from '../player/markers.ts';
import { stopsUpTo } from '../player/player.ts';
import type { ReadingSnapshot } from '../player/reading.ts';

/** More flags than this are not told apart any more: then they stay in the lanes’ keys alone. */
const MOST = 80;

/** The chapters of the trace as flags above the lanes; each a way to its place. */
export const Chapters = memo(function Chapters(props: {
  markers: readonly PlacedMarker[];
  snapshot: ReadingSnapshot;
  onGo: (position: number) => void;
}) {
  const { markers, snapshot } = props;
  const { steps, player } = snapshot;
  if (markers.length === 0 || markers.length > MOST || steps.length === 0) return null;
  const stops = steps.map((step) => step.position);
  // In told time a marker lies at the end of the step that brings it about.
  const places = markers.map(({ position }) => (stopsUpTo(stops, position - 1) + 1) / steps.length);
  return (
    <ol className="chapters" aria-label="Chapters">
      {markers.map((marker, index) => {
        const from = Math.min(1, places[index]!) * 100;
        const room = Math.min(1, places[index + 1] ?? 1.12) * 100 - from;
        return (
          <li
            key={`${marker.seq}/${marker.title}`}
            className={from > 93 ? 'is-last' : ''}
            style={{ left: `${from}%`, maxWidth: from > 93 ? 'none' : `${Math.max(room, 1.1)}%` }}
          >
            <button
              type="button"
              className={marker.isChapter ? 'is-chapter' : 'is-own'}
              aria-current={player.position >= marker.position ? 'true' : undefined}
              aria-label={marker.title}
              title={marker.text ? `${marker.title}: ${marker.text}` : marker.title}
              onClick={() => props.onGo(stops[stopsUpTo(stops, marker.position - 1)] ?? marker.position)}
            >
              {marker.title}
            </button>
          </li>
        );
      })}
    </ol>
  );
});
