import type { Said } from './useLibrary.ts';

/** What was done last, and the way back. */
export function SaidLine({ said }: { said: Said | undefined }) {
  return (
    <div className="said-line" role={said?.bad ? 'alert' : 'status'}>
      {said && (
        <>
          <span className={said.bad ? 'fault' : ''}>{said.words}</span>
          {said.undo && (
            <button type="button" className="small" onClick={said.undo}>
              Undo
            </button>
          )}
        </>
      )}
    </div>
  );
}
