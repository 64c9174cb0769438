import type { ChainState } from '@underdock/chain';

/** Where the chain broke, why, and what to do: stands above the evidence until the reader looks at the place itself. */
export function FailureBar(props: {
  state: ChainState | undefined;
  shown: string | undefined;
  onShow: (key: string) => void;
}) {
  const failure = props.state?.failure;
  if (!failure || failure.key === props.shown) return null;
  return (
    <div className="failure-note" role="status">
      <strong>
        {failure.kind === 'chain' ? 'The chain broke' : 'The process died'}: {failure.error}
      </strong>
      {failure.message && <p>{failure.message}</p>}
      {failure.remedy && <p>What to do: {failure.remedy}</p>}
      <button type="button" className="link" onClick={() => props.onShow(failure.key)}>
        Show where
      </button>
    </div>
  );
}
