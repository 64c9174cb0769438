import { useDrop } from './useOpening.ts';

/** Says what will become of a file that is held over the page. */
export function DropVeil() {
  return useDrop() ? (
    <div className="drop-veil" aria-hidden="true">
      <p>Let go: the trace opens here and is sent nowhere</p>
    </div>
  ) : null;
}
