import { useEffect, useRef } from 'react';
import { type Place, readPlace, withPlace } from '../player/address.ts';
import type { Reading, ReadingSnapshot } from '../player/reading.ts';

/** Browsers let an address change only so often. */
const PAUSE_MS = 400;

/** Keeps the place in the address while somebody reads, and goes where a changed address says. */
export function usePlace(
  reading: Reading,
  snapshot: ReadingSnapshot,
  more: Pick<Place, 'view' | 'find'>,
  onPlace: (place: Place) => void,
): void {
  const { view, find } = more;
  const written = useRef<string>(undefined);
  const go = useRef(onPlace);
  useEffect(() => {
    go.current = onPlace;
  });
  const { player, level, closed, caughtUp } = snapshot;
  useEffect(() => {
    if (!caughtUp) return;
    const later = setTimeout(() => {
      const hash = withPlace(location.hash, { ...reading.place(), view, find });
      written.current = hash;
      if (hash !== location.hash) history.replaceState(history.state, '', hash);
    }, PAUSE_MS);
    return () => clearTimeout(later);
  }, [reading, player.position, player.following, level, closed, caughtUp, view, find]);
  useEffect(() => {
    const onChange = () => {
      if (location.hash === written.current) return;
      const place = readPlace(location.hash);
      reading.toPlace(place);
      go.current(place);
    };
    addEventListener('hashchange', onChange);
    return () => removeEventListener('hashchange', onChange);
  }, [reading]);
}
