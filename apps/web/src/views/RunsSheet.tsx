import type { RunSummary } from '@underdock/trace';
import { stateClass, stateWord, titleOf } from './runWords.ts';
import { Sheet } from './Sheet.tsx';

/** All runs of this agent, live and finished. */
export function RunsSheet(props: {
  runs: readonly RunSummary[];
  current: string | undefined;
  open: boolean;
  onClose: () => void;
  onPick: (run: string) => void;
  onCompare: () => void;
}) {
  return (
    <Sheet title="Runs of this agent" open={props.open} onClose={props.onClose} wide>
      {props.runs.length > 1 && (
        <button type="button" className="compare-door" onClick={props.onCompare}>
          Compare some of them
        </button>
      )}
      {props.runs.length === 0 ? (
        <p>
          Nothing has been run yet. What is started here or with underdock run in a terminal shows up in this
          list, and while this host is watched, what others start.
        </p>
      ) : (
        <ul className="runs">
          {props.runs.map((run) => (
            <RunRow key={run.id} run={run} isCurrent={run.id === props.current} onPick={props.onPick} />
          ))}
        </ul>
      )}
    </Sheet>
  );
}

function RunRow({
  run,
  isCurrent,
  onPick,
}: {
  run: RunSummary;
  isCurrent: boolean;
  onPick: (run: string) => void;
}) {
  return (
    <li>
      <button type="button" className="run-row" aria-current={isCurrent} onClick={() => onPick(run.id)}>
        <code>{titleOf(run)}</code>
        <span className="run-facts">
          <span className={stateClass(run)}>{stateWord(run)}</span>
          {run.via === 'watch' && <span>found on this host</span>}
          {run.container && (
            <span>
              container <code>{run.container.slice(0, 12)}</code>
            </span>
          )}
          <span>{new Date(run.startedAt).toLocaleTimeString()}</span>
          <span>{run.events.toLocaleString()} events</span>
        </span>
        {run.error && <span className="run-error">{run.error}</span>}
      </button>
    </li>
  );
}
