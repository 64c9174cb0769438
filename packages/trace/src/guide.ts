import { z } from 'zod';
import { TraceError } from './error.ts';
import { layerSchema } from './layer.ts';
import { runIdSchema } from './messages.ts';

/** Larger than this (characters) no guide is read. */
export const MOST_GUIDE_CHARACTERS = 1_000_000;

const seq = z.int().min(1).max(Number.MAX_SAFE_INTEGER);

/** Words of whoever tells the trace to others, at one of its steps. */
export const guideNoteSchema = z
  .strictObject({
    /** The event (its `seq`) that the note belongs to: it stands at the step that this event is told with. */
    seq,
    /** A chapter begins here, under this name. */
    title: z.string().trim().max(120).optional(),
    /** What to say, in place of the step's own sentence in presenter mode and above it in the story. Plain text. */
    text: z.string().trim().max(4000).optional(),
    /** Playing stops here, until somebody goes on. */
    pause: z.boolean().default(false),
  })
  .refine(({ title, text, pause }) => Boolean(title || text || pause), {
    message: 'must have a title or a text, or pause',
  });
export type GuideNote = z.infer<typeof guideNoteSchema>;

/** Steps that are not told: those for which all that is given holds. */
export const guideHideSchema = z
  .strictObject({
    /** The step that this event is told with. */
    seq: seq.optional(),
    step: z.string().max(100).optional(),
    layer: layerSchema.optional(),
    actor: z.string().max(200).optional(),
    container: z.string().max(128).optional(),
  })
  .refine((rule) => Object.values(rule).some((value) => value !== undefined), {
    message: 'must say what to hide',
  });
export type GuideHide = z.infer<typeof guideHideSchema>;

/**
 * How somebody tells a trace to others: what of it, with which words, where to stop. It lies in a file of its own beside the
 * trace (`NAME.guide.json`), which stays as it was recorded; nothing in it is ever markup or code.
 */
export const guideSchema = z.strictObject({
  underdockGuide: z.literal(1),
  /** `id` of the trace's header. */
  trace: runIdSchema,
  title: z.string().trim().max(200).default(''),
  /** The first and the last event (`seq`) that are told; the picture knows what came before. */
  from: seq.optional(),
  to: seq.optional(),
  hide: z.array(guideHideSchema).max(500).default([]),
  notes: z.array(guideNoteSchema).max(2000).default([]),
});
export type Guide = z.infer<typeof guideSchema>;

/** The answer of `GET /api/traces/ID/guide`: null = nobody has said how to tell it. */
export const guideAnswerSchema = z.object({ guide: guideSchema.nullable() });

/** A guide that changes nothing yet. */
export function newGuide(trace: string): Guide {
  return { underdockGuide: 1, trace, title: '', hide: [], notes: [] };
}

/** Reads the text of a guide. Throws TraceError `not-a-guide`, which says what is wrong with which field. */
export function readGuide(text: string): Guide {
  if (text.length > MOST_GUIDE_CHARACTERS)
    throw new TraceError('not-a-guide', `this guide has more than ${MOST_GUIDE_CHARACTERS} characters`);
  let given: unknown;
  try {
    given = JSON.parse(text);
  } catch (cause) {
    throw new TraceError('not-a-guide', 'this is no guide to a trace: it is not JSON', { cause });
  }
  const parsed = guideSchema.safeParse(given);
  if (parsed.success) return parsed.data;
  const [issue] = parsed.error.issues;
  const field = issue?.path.join('.') || 'underdockGuide';
  throw new TraceError('not-a-guide', `this is no guide to a trace: ${field}: ${issue?.message}`);
}

/** A guide as a file holds it. */
export function writeGuide(guide: Guide): string {
  return `${JSON.stringify(guide, null, 2)}\n`;
}
