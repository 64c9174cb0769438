import { useEffect, useState } from 'react';

/** Copies a text; `said` is what came of it, for a moment. */
export function useCopy(): { said: string; copy: (text: string) => void } {
  const [said, setSaid] = useState('');
  useEffect(() => {
    if (!said) return;
    const timer = setTimeout(() => setSaid(''), 2000);
    return () => clearTimeout(timer);
  }, [said]);
  const copy = (text: string) => {
    copyText(text).then(
      () => setSaid('Copied'),
      () => setSaid('Not allowed: select it and copy'),
    );
  };
  return { said, copy };
}

/** navigator.clipboard exists only in secure contexts (https or loopback): a lab's plain http page has the old way. */
async function copyText(text: string): Promise<void> {
  if (navigator.clipboard) return navigator.clipboard.writeText(text);
  const area = document.createElement('textarea');
  area.value = text;
  area.style.position = 'fixed';
  document.body.append(area);
  area.select();
  const done = document.execCommand('copy');
  area.remove();
  if (!done) throw new Error('the browser did not copy');
}
