import type { Start } from './useStart.ts';

/** Why the agent did not start a run, and what to do. */
export function Refused({ refused }: { refused: Start['refused'] }) {
  if (!refused) return null;
  return (
    <div className="failure-note" role="alert">
      <strong>{refused.message}</strong>
      {refused.remedy && <p>What to do: {refused.remedy}</p>}
    </div>
  );
}
