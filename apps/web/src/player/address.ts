import type { DetailLevel } from '@underdock/trace';

/** How much a reader wants to be told. */
export const LEVELS: readonly DetailLevel[] = ['story', 'calls', 'syscalls'];

/** What lies over the picture, or stands in its place. */
export const VIEWS = ['timeline', 'flags', 'layers', 'present'] as const;
export type View = (typeof VIEWS)[number];

/** Where in a trace somebody looks, as an address says it. */
export interface Place {
  /** Told steps up to here at this level, from 0; undefined: with the newest. */
  step?: number;
  /** Events up to here, where that is between two steps. */
  event?: number;
  level?: DetailLevel;
  view?: View;
  /** What is searched for. */
  find?: string;
}

/** The place that an address (the part behind its `#`) names; what it says wrongly, it does not say. */
export function readPlace(hash: string): Place {
  const words = new URLSearchParams(hash.replace(/^#/, ''));
  const step = count(words.get('step'));
  const event = count(words.get('event'));
  const level = LEVELS.find((one) => one === words.get('level'));
  const view = VIEWS.find((one) => one === words.get('view'));
  const find = words.get('find');
  return {
    ...(step === undefined ? {} : { step }),
    ...(event === undefined ? {} : { event }),
    ...(level === undefined ? {} : { level }),
    ...(view === undefined ? {} : { view }),
    ...(find ? { find } : {}),
  };
}

/** The same address with another place; which run it names stays. */
export function withPlace(hash: string, place: Place): string {
  const words = new URLSearchParams(hash.replace(/^#/, ''));
  for (const name of ['step', 'event', 'level', 'view', 'find'] as const) {
    const value = place[name];
    if (value === undefined || (name === 'level' && value === 'story')) words.delete(name);
    else words.set(name, String(value));
  }
  return `#${words}`;
}

function count(word: string | null): number | undefined {
  return word !== null && /^\d{1,9}$/.test(word) ? Number(word) : undefined;
}
