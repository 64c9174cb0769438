import { useDrop } from './useOpening.ts';

/** Says what will become of a file that is held over the page. */
export function DropVeil() {
  const over = useDrop();
  if (!over) return null;
  return (
    <div className="drop-veil" aria-hidden="true">
      <p>
        {over === 'keep'
          ? 'Let go: the traces are put into the library'
          : 'Let go: the trace opens here and is sent nowhere'}
      </p>
    </div>
  );
}
