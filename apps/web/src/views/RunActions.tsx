import type { RunSummary } from '@underdock/trace';
import { useEffect, useState } from 'react';
import { SourceError } from '../source/error.ts';
import { isOpened } from '../source/openedTraces.ts';
import { duration } from './evidence/values.ts';
import { askForExport } from './export/useExport.ts';
import { useLink, usePage } from './page.ts';
import { isOver, stateClass, stateWord } from './runWords.ts';
import { askToShare } from './share/useShare.ts';

interface RunActionsProps {
  run: RunSummary;
  canDrive: boolean;
  onAgain: () => void;
  onRemoved: () => void;
}

/** How the run stands, and what can be done with it now. */
export function RunActions(props: RunActionsProps) {
  const { run } = props;
  const { state } = useLink();
  const { busy, problem, act } = useAct(run.id);
  const isRecording = isOpened(run.id);
  return (
    <>
      {isRecording && <span className="quiet-text run-actions">a recording</span>}
      <fieldset className="run-actions" hidden={isRecording} disabled={state !== 'connected'}>
        <legend className="sr-only">This run</legend>
        <span className={stateClass(run)} role="status">
          {stateWord(run)}
        </span>
        {run.deadline && !isOver(run) && <Countdown until={run.deadline} />}
        {props.canDrive && run.via === 'watch' ? (
          <FoundControls {...props} busy={busy} act={act} />
        ) : props.canDrive ? (
          <Controls {...props} busy={busy} act={act} />
        ) : (
          <span className="quiet-text">you may look, not drive</span>
        )}
        {problem && (
          <span className="action-problem" role="alert">
            {problem}
          </span>
        )}
      </fieldset>
      <TraceActions />
    </>
  );
}

/** What can be done with a trace of which nothing goes on any more: a recording from the library, of an earlier agent. */
export function RecordingActions() {
  return (
    <>
      <span className="quiet-text run-actions">a recording</span>
      <TraceActions />
    </>
  );
}

/** What was seen can be exported with no agent there. */
function TraceActions() {
  return (
    <>
      <button type="button" className="export-button" onClick={askForExport}>
        Export
      </button>
      <button type="button" className="export-button" onClick={askToShare}>
        Share
      </button>
    </>
  );
}

type Act = (what: (id: string) => Promise<void>, then?: () => void) => void;

function Controls({ run, busy, act, onAgain, onRemoved }: RunActionsProps & { busy: boolean; act: Act }) {
  const { http } = usePage();
  if (isOver(run)) {
    return (
      <>
        <button type="button" onClick={onAgain}>
          Run it again
        </button>
        <button type="button" disabled={busy} onClick={() => act(http.remove, onRemoved)}>
          Remove
        </button>
      </>
    );
  }
  return (
    <>
      {run.state === 'held' && (
        <button type="button" className="primary" disabled={busy} onClick={() => act(http.release)}>
          Let it start
        </button>
      )}
      <button type="button" disabled={busy || run.state === 'stopping'} onClick={() => act(http.stop)}>
        Stop
      </button>
    </>
  );
}

/** Who only watches can neither stop a run nor repeat it. */
function FoundControls({ run, busy, act, onRemoved }: RunActionsProps & { busy: boolean; act: Act }) {
  const { http } = usePage();
  if (!isOver(run)) return null;
  return (
    <button type="button" disabled={busy} onClick={() => act(http.remove, onRemoved)}>
      Remove
    </button>
  );
}

function useAct(id: string): { busy: boolean; problem: string | undefined; act: Act } {
  const [problem, setProblem] = useState<string>();
  const [busy, setBusy] = useState(false);
  const act: Act = async (what, then) => {
    setProblem(undefined);
    setBusy(true);
    try {
      await what(id);
      then?.();
    } catch (error) {
      if (!(error instanceof SourceError)) throw error;
      setProblem([error.message, error.remedy].filter(Boolean).join(': '));
    } finally {
      setBusy(false);
    }
  };
  return { busy, problem, act };
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
