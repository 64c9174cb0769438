import type { ChainState, ToldStep } from '@underdock/chain';
import { failureWords } from './evidence/values.ts';

/** Where the chain broke, why, and what to do: stands above the evidence until the reader looks at the place itself. */
export function FailureBar(props: {
  state: ChainState | undefined;
  /** The step whose evidence is shown. */
  step: ToldStep | undefined;
  onShow: (key: string) => void;
}) {
  const { step } = props;
  const failure = props.state?.failure;
  if (!failure || (step?.failure && failure.key === (step.span ?? step.key))) return null;
  // Who asked tells the same failure once more: then only the place is missing.
  const isTold =
    step?.failure !== undefined && (step.failure.message ?? '').startsWith(failure.message ?? failure.error);
  const show = (
    <button type="button" className="link" onClick={() => props.onShow(failure.key)}>
      Show where it {failure.kind === 'chain' ? 'broke' : 'died'}
    </button>
  );
  if (isTold) return <div>{show}</div>;
  return (
    <div className="failure-note" role="status">
      <strong>
        {failure.kind === 'chain' ? 'The chain broke' : 'The process died'}: {failureWords(failure.error)}
      </strong>
      {failure.message && <p>{failure.message}</p>}
      {failure.remedy && <p>What to do: {failure.remedy}</p>}
      {show}
    </div>
  );
}
