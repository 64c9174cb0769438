import { useEffect, useRef } from 'react';

/** What each key does; keys are named as KeyboardEvent.key names them. */
export type Keys = Readonly<Record<string, () => void>>;

const WRITES = 'input:not([type=radio]):not([type=checkbox]), textarea, select, .console';
const PRESSES = 'button, a, summary, [role=button]';

/** Keys for the whole page. They rest while somebody writes, and while a sheet is open. */
export function useKeys(keys: Keys): void {
  const current = useRef(keys);
  useEffect(() => {
    current.current = keys;
  });
  useEffect(() => {
    const onKey = (event: KeyboardEvent) => {
      if (event.defaultPrevented || event.ctrlKey || event.metaKey || event.altKey) return;
      const target = event.target as Element;
      if (target.closest(WRITES) || document.querySelector('[role=dialog]')) return;
      // Space and Enter belong to the button that has the focus, arrows to a choice.
      if ((event.key === ' ' || event.key === 'Enter') && target.closest(PRESSES)) return;
      if (event.key.startsWith('Arrow') && target.matches('input[type=radio]')) return;
      const act = current.current[event.key];
      if (!act) return;
      event.preventDefault();
      act();
    };
    addEventListener('keydown', onKey);
    return () => removeEventListener('keydown', onKey);
  }, []);
}
