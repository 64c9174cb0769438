import type { Guide, GuideHide, GuideNote } from '@underdock/trace';
import type { GuideUse } from './useGuide.ts';

/** The note that is edited at a told step: the first of those that stand there. */
export function noteHere({ notes }: Pick<GuideUse, 'notes'>, index: number): GuideNote | undefined {
  return notes.get(index)?.[0];
}

/** The guide with this note in place of what it said at the same event; one that says nothing is taken away. */
export function withNote(guide: Guide, { seq, pause, ...words }: GuideNote): Guide {
  // Readers take blanks away, and what says nothing then would spoil the whole guide.
  const [title, text] = [words.title, words.text].map((one) => (one?.trim() ? one : undefined));
  const others = guide.notes.filter((note) => note.seq !== seq);
  if (!title && !text && !pause) return { ...guide, notes: others };
  const note = { seq, ...(title ? { title } : {}), ...(text ? { text } : {}), pause };
  return { ...guide, notes: [...others, note].sort((a, b) => a.seq - b.seq) };
}

/** The guide with one more rule of what it hides. */
export function hiding(guide: Guide, rule: GuideHide): Guide {
  return { ...guide, hide: [...withoutRule(guide, rule).hide, rule] };
}

/** The guide without this rule. */
export function withoutRule(guide: Guide, rule: GuideHide): Guide {
  const key = JSON.stringify(rule);
  return { ...guide, hide: guide.hide.filter((one) => JSON.stringify(one) !== key) };
}
