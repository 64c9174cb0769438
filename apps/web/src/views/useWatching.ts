import { useLink } from './page.ts';
import { isOver } from './runWords.ts';
import type { ChosenRun } from './useChosenRun.ts';
import { useKeys } from './useKeys.ts';
import { type Newest, useNewest } from './useNewest.ts';
import { useWatch, type Watch } from './useWatch.ts';

/** Watching this host, from the button to the run that is shown for it. `covered`: something lies open over the page. */
export function useWatching(
  chosen: ChosenRun,
  covered: boolean,
): { watch: Watch; newest: Newest; turn: (on: boolean) => void } {
  const { runs, role } = useLink();
  const watch = useWatch();
  const show = (id: string) => chosen.show(id, true);
  const newest = useNewest({ runs, watching: watch.on, shown: chosen.id, covered, show });
  const turn = async (on: boolean) => {
    const done = await watch.turn(on);
    // Who begins to watch waits for something new; a run that goes on is not taken away.
    if (done && on && (!chosen.run || isOver(chosen.run))) chosen.show(undefined);
  };
  useKeys({
    w: () => role === 'drive' && void turn(!watch.on),
    n: () => newest.news && show(newest.news.tell.id),
  });
  return { watch, newest, turn: (on) => void turn(on) };
}
