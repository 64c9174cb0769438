export { CHAPTER_WORDS } from './chapters.ts';
export * from './comparison.ts';
export { CONFIG_FIELDS, configFieldStory } from './content/configFields.ts';
export { GLOSSARY, type Term } from './content/glossary.ts';
export type { Reading, StepStory } from './content/shape.ts';
export { exactReadings } from './exact.ts';
export {
  type Explanation,
  explain,
  MAX_SENTENCE,
  reasonOf,
  type Sentence,
  STORIES,
  sentenceFor,
  sentenceForStep,
  storyOf,
  termOf,
} from './story.ts';
