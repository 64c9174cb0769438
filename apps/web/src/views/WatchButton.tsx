import { useLink } from './page.ts';
import type { Watch } from './useWatch.ts';

/** Whether this host is watched, and the way to begin and to end it. */
export function WatchButton({ watch, onTurn }: { watch: Watch; onTurn: (on: boolean) => void }) {
  const { role, state, watching } = useLink();
  if (watching === undefined) return null;
  if (role !== 'drive') return watch.on ? <span className="watch-state is-on">Watching</span> : null;
  return (
    <button
      type="button"
      className={watch.on ? 'watch-state is-on' : 'watch-state'}
      aria-pressed={watch.on}
      disabled={watch.busy || state !== 'connected'}
      title={watch.on ? 'Stop watching what others start here' : 'Watch what others start on this host'}
      onClick={() => onTurn(!watch.on)}
    >
      {watch.busy ? 'One moment …' : watch.on ? 'Watching' : 'Watch'}
    </button>
  );
}
