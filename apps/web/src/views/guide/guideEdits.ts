import type { Guide, GuideHide, GuideNote } from '@underdock/trace';
import type { GuideUse } from './useGuide.ts';

/** The notes that are edited at a told step, written at this level of detail or at another; a blank one where none stands there. */
export function notesHere({ notes }: Pick<GuideUse, 'notes'>, index: number, seq: number): GuideNote[] {
  const found = notes.get(index) ?? [];
  return found.length > 0 ? found : [{ seq, pause: false }];
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
