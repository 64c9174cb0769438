import { useRef } from 'react';

/** Lets the reader choose recorded traces that the library is to keep. */
export function ImportButton({ onFiles }: { onFiles: (files: readonly File[]) => void }) {
  const input = useRef<HTMLInputElement>(null);
  return (
    <>
      <button type="button" title="Or drop files here" onClick={() => input.current?.click()}>
        Import
      </button>
      <input
        ref={input}
        type="file"
        multiple
        hidden
        accept=".chain,.gz"
        aria-label="Traces to keep: files whose names end in .chain or .chain.gz"
        onChange={(event) => {
          onFiles([...(event.target.files ?? [])]);
          event.target.value = '';
        }}
      />
    </>
  );
}
