import { useLink } from './page.ts';

/** Says above everything else that the agent is away, or does not know this page. Nothing while all is well. */
export function Notice() {
  const { state, wasConnected } = useLink();
  if (state === 'connected' || state === 'connecting' || state === 'none') return null;
  if (state === 'refused') {
    return (
      <div className="notice" role="alert">
        <strong>
          {wasConnected
            ? 'The agent was started anew and has new links.'
            : 'The agent does not know this page.'}
        </strong>{' '}
        Open the page with one of the links that <code>underdock up</code> printed: they carry the token.
      </div>
    );
  }
  return (
    <div className="notice" role="alert">
      <strong>The agent is gone; reconnecting.</strong> What you see stays as it was. If it does not come
      back, start it again with <code>underdock up</code>.
    </div>
  );
}
