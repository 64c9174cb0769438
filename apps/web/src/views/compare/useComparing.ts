import { useEffect, useState, useSyncExternalStore } from 'react';
import { Comparing, type ComparingSnapshot } from '../../player/comparing.ts';
import { usePage } from '../page.ts';

const never = () => () => {};
const NOTHING: ComparingSnapshot | undefined = undefined;

/** Follows the traces of these ids and compares them for as long as they are shown. */
export function useComparing(ids: readonly string[]): ComparingSnapshot | undefined {
  const { link } = usePage();
  const [comparing, setComparing] = useState<Comparing>();
  const key = ids.join(',');
  useEffect(() => {
    const sources = key.split(',').map((id) => ({ id, source: link.follow(id) }));
    const opened = new Comparing(sources, {
      now: () => performance.now(),
      later(act, ms) {
        const timer = setTimeout(act, ms);
        return () => clearTimeout(timer);
      },
    });
    setComparing(opened);
    return () => opened.close();
  }, [key, link]);
  return useSyncExternalStore(comparing?.subscribe ?? never, comparing?.snapshot ?? (() => NOTHING));
}
