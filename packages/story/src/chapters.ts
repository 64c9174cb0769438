import type { ChapterKind } from '@underdock/chain';
import { ACHIEVEMENT_WORDS } from './content/comparison.ts';

/** What is achieved at the end of a chapter, in a few words. */
export const CHAPTER_WORDS: Readonly<Record<ChapterKind, string>> = {
  image: ACHIEVEMENT_WORDS.image.title,
  filesystem: ACHIEVEMENT_WORDS.filesystem.title,
  isolation: ACHIEVEMENT_WORDS.isolation.title,
  limits: ACHIEVEMENT_WORDS.limits.title,
  process: ACHIEVEMENT_WORDS.process.title,
  cleanup: ACHIEVEMENT_WORDS.cleanup.title,
  ended: 'Process over',
  failed: 'Here it broke',
};
