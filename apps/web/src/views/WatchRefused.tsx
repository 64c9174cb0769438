import type { Watch } from './useWatch.ts';

/** Why this host can’t be watched, and what to do about it; stays until it has been read. */
export function WatchRefused({ watch }: { watch: Watch }) {
  if (!watch.refused) return null;
  return (
    <div className="notice watch-refused" role="alert">
      <p>
        <strong>This host can’t be watched:</strong> {watch.refused.message}
        {watch.refused.remedy && <>. What to do: {watch.refused.remedy}</>}
      </p>
      <button type="button" className="small" onClick={watch.dismiss}>
        Close
      </button>
    </div>
  );
}
