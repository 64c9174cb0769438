import { useEffect, useMemo, useState } from 'react';
import { SourceError } from '../../source/error.ts';
import { type LibraryLink, libraryOf } from '../../source/library.ts';
import { useAnswer } from '../layers/useAnswer.ts';
import { useLink, usePage } from '../page.ts';

const TYPING_MS = 150;
const PAGE = 100;
const AGAIN_MS = 1000;

/** Said once something was done: in words, with the way back where there is one. */
export interface Said {
  words: string;
  bad?: boolean;
  undo?: () => void;
}

/** The library as it is looked at: what is searched, what was found, what was done last. */
export function useLibrary() {
  const { http } = usePage();
  const { library: told, runs } = useLink();
  const library = useMemo(() => libraryOf(http), [http]);
  const [text, setText] = useState('');
  const [tags, setTags] = useState<readonly string[]>([]);
  const [limit, setLimit] = useState(PAGE);
  const [round, setRound] = useState(0);
  const [said, setSaid] = useState<Said>();
  const settled = useSettled(text);
  // A run that begins or ends is a change too.
  const states = (runs ?? []).map(({ id, state }) => `${id} ${state}`).join();
  const about = JSON.stringify([settled, tags, limit]);
  const answer = useAnswer(
    () => library.find({ text: settled, tags, limit }),
    'library',
    useCount(`${about} ${round} ${told ?? 0} ${states}`),
  );
  const unread = answer.value?.unread ?? 0;
  useEffect(() => {
    if (unread === 0) return;
    const timer = setTimeout(() => setRound((before) => before + 1), AGAIN_MS);
    return () => clearTimeout(timer);
  }, [unread, answer.value]);
  const act = useActs(library, setSaid, () => setRound((before) => before + 1));
  return {
    ...{ text, tags, answer, said, act, library, round },
    setText,
    turnTag: (tag: string) =>
      setTags((before) => (before.includes(tag) ? before.filter((one) => one !== tag) : [...before, tag])),
    more: () => setLimit((before) => before + PAGE),
  };
}

export type LibraryView = ReturnType<typeof useLibrary>;
/** Does something in the library, says how it went, and looks again. Resolves with whether it went well. */
export type Act = (what: (library: LibraryLink) => Promise<Said | undefined>) => Promise<boolean>;

function useActs(library: LibraryLink, say: (said: Said | undefined) => void, look: () => void): Act {
  return async (what) => {
    say(undefined);
    try {
      say(await what(library));
      return true;
    } catch (error) {
      if (!(error instanceof SourceError)) throw error;
      say({ words: [error.message, error.remedy].filter(Boolean).join(': '), bad: true });
      return false;
    } finally {
      look();
    }
  };
}

/** What was typed, once nothing more is typed for a moment. */
function useSettled(text: string): string {
  const [settled, setSettled] = useState(text);
  useEffect(() => {
    const timer = setTimeout(() => setSettled(text), TYPING_MS);
    return () => clearTimeout(timer);
  }, [text]);
  return settled;
}

/** Counts up whenever a text becomes another. */
function useCount(text: string): number {
  const [seen, setSeen] = useState({ text, count: 0 });
  if (seen.text === text) return seen.count;
  const next = { text, count: seen.count + 1 };
  setSeen(next);
  return next.count;
}
