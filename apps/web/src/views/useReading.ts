import { createTimeline } from '@underdock/chain';
import { useEffect, useState, useSyncExternalStore } from 'react';
import { readPlace } from '../player/address.ts';
import { Reading, type ReadingSnapshot } from '../player/reading.ts';
import { isOpened } from '../source/openedTraces.ts';
import { usePage } from './page.ts';

const NOTHING: ReadingSnapshot | undefined = undefined;
const never = () => () => {};

/** Reads a run's trace, and lets time pass for it while the page is looked at. */
export function useReading(
  run: string | undefined,
  fresh: boolean,
): { reading: Reading | undefined; snapshot: ReadingSnapshot | undefined } {
  const { link } = usePage();
  const [reading, setReading] = useState<Reading>();
  useEffect(() => {
    if (!run) return setReading(undefined);
    const start = readPlace(location.hash);
    const isNamed = start.step !== undefined || start.event !== undefined || start.level !== undefined;
    const options = {
      now: () => performance.now(),
      fresh,
      recorded: isOpened(run),
      ...(isNamed && !fresh ? { start } : {}),
    };
    const opened = new Reading(link.follow(run), createTimeline, options);
    setReading(opened);
    return () => opened.close();
  }, [run, link, fresh]);
  const snapshot = useSyncExternalStore(reading?.subscribe ?? never, reading?.snapshot ?? (() => NOTHING));
  const moving = snapshot !== undefined && (snapshot.player.playing || snapshot.player.following);
  useEffect(() => {
    if (!reading || !moving) return;
    let frame = requestAnimationFrame(function next() {
      reading.tick();
      frame = requestAnimationFrame(next);
    });
    return () => cancelAnimationFrame(frame);
  }, [reading, moving]);
  return { reading, snapshot };
}
