import { useCopy } from './useCopy.ts';

/** Copies `text`; says so in its own label. */
export function CopyButton({ text, label = 'Copy' }: { text: string; label?: string }) {
  const { said, copy } = useCopy();
  return (
    <button type="button" className="quiet small" onClick={() => copy(text)}>
      <span aria-live="polite">{said || label}</span>
    </button>
  );
}
