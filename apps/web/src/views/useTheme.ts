import { useEffect, useState } from 'react';

export type Theme = 'dark' | 'light';
const KEY = 'underdock.theme';

/** The colours in use and how to change them; the choice is kept, without one the system's wish counts. */
export function useTheme(): { theme: Theme; toggle: () => void } {
  const [theme, setTheme] = useState<Theme>(chosen);
  useEffect(() => {
    document.documentElement.dataset.theme = theme;
  }, [theme]);
  const toggle = () => {
    const next = theme === 'dark' ? 'light' : 'dark';
    try {
      localStorage.setItem(KEY, next);
    } catch {
      // Storage is closed inside some iframes: the choice then lives as long as the page.
    }
    setTheme(next);
  };
  return { theme, toggle };
}

function chosen(): Theme {
  try {
    const kept = localStorage.getItem(KEY);
    if (kept === 'dark' || kept === 'light') return kept;
  } catch {
    // See above.
  }
  return matchMedia('(prefers-color-scheme: light)').matches ? 'light' : 'dark';
}
