import type { RunSummary } from '@underdock/trace';
import { useEffect, useState } from 'react';
import { SourceError } from '../source/error.ts';
import { duration } from './evidence/values.ts';
import { useLink, usePage } from './page.ts';
import { stateClass, stateWord } from './RunsSheet.tsx';

/** How the run stands, and what can be done with it now. */
export function RunActions(props: {
  run: RunSummary;
  canDrive: boolean;
  onAgain: () => void;
  onRemoved: () => void;
}) {
  const { run } = props;
  const { http } = usePage();
  const { state } = useLink();
  const [problem, setProblem] = useState<string>();
  const [busy, setBusy] = useState(false);
  const act = async (what: (id: string) => Promise<void>, then?: () => void) => {
    setProblem(undefined);
    setBusy(true);
    try {
      await what(run.id);
      then?.();
    } catch (error) {
      if (!(error instanceof SourceError)) throw error;
      setProblem([error.message, error.remedy].filter(Boolean).join(': '));
    } finally {
      setBusy(false);
    }
  };
  const over = run.state === 'finished' || run.state === 'failed';
  return (
    <fieldset className="run-actions" disabled={state !== 'connected'}>
      <legend className="sr-only">This run</legend>
      <span className={stateClass(run)} role="status">
        {stateWord(run)}
      </span>
      {run.deadline && !over && <Countdown until={run.deadline} />}
      {!props.canDrive && <span className="quiet-text">you may look, not drive</span>}
      {props.canDrive && run.state === 'held' && (
        <button type="button" className="primary" disabled={busy} onClick={() => act(http.release)}>
          Let it start
        </button>
      )}
      {props.canDrive && !over && (
        <button type="button" disabled={busy || run.state === 'stopping'} onClick={() => act(http.stop)}>
          Stop
        </button>
      )}
      {props.canDrive && over && (
        <>
          <button type="button" onClick={props.onAgain}>
            Run it again
          </button>
          <button type="button" disabled={busy} onClick={() => act(http.remove, props.onRemoved)}>
            Remove
          </button>
        </>
      )}
      {problem && (
        <span className="action-problem" role="alert">
          {problem}
        </span>
      )}
    </fieldset>
  );
}

/** How long the page's time limit still leaves a run. */
function Countdown({ until }: { until: string }) {
  const [left, setLeft] = useState(() => Date.parse(until) - Date.now());
  useEffect(() => {
    const timer = setInterval(() => setLeft(Date.parse(until) - Date.now()), 1000);
    return () => clearInterval(timer);
  }, [until]);
  return <span className="countdown">stops in {duration(Math.max(1000, left))}</span>;
}
