import { useRef } from 'react';
import { useOpening } from './useOpening.ts';

/** Lets the reader choose a recorded trace from a disk. */
export function OpenButton({ primary = false }: { primary?: boolean }) {
  const input = useRef<HTMLInputElement>(null);
  const open = useOpening();
  return (
    <>
      <button type="button" className={primary ? 'primary' : ''} onClick={() => input.current?.click()}>
        Open a trace
      </button>
      <input
        ref={input}
        type="file"
        hidden
        aria-label="A trace: a file whose name ends in .chain or .chain.gz"
        onChange={(event) => {
          const file = event.target.files?.[0];
          if (file) open(file);
          // The same file can be chosen again after it has changed.
          event.target.value = '';
        }}
      />
    </>
  );
}
