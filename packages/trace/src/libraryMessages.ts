import { z } from 'zod';
import { viaSchema } from './layer.ts';
import { runIdSchema } from './messages.ts';

/** What may be said about a trace: lengths in characters, tags by number. */
export const LIBRARY_LIMITS = { title: 200, notes: 20_000, tag: 40, tags: 20 } as const;

const CONTROL = /[\p{Cc}\u2028\u2029]/u;
const oneLine = (max: number) =>
  z
    .string()
    .trim()
    .max(max, `must have ${max} characters at most`)
    .refine((text) => !CONTROL.test(text), 'must be one line without control characters');

/** A tag: a word or a few, without a comma. */
export const tagSchema = oneLine(LIBRARY_LIMITS.tag)
  .min(1, 'must not be empty')
  .refine((text) => !text.includes(','), 'must not hold a comma');

const tagsSchema = z
  .array(tagSchema)
  .max(LIBRARY_LIMITS.tags, `must be ${LIBRARY_LIMITS.tags} tags at most`)
  .transform((tags) => [...new Set(tags)]);

/** What people say about a trace. It lies beside the trace, never in it. */
export const traceNoteSchema = z.object({
  /** Empty = the trace goes by its command. */
  title: oneLine(LIBRARY_LIMITS.title).default(''),
  notes: z
    .string()
    .max(LIBRARY_LIMITS.notes, `must have ${LIBRARY_LIMITS.notes} characters at most`)
    .default(''),
  tags: tagsSchema.default([]),
});
export type TraceNote = z.infer<typeof traceNoteSchema>;

/** The body of `PATCH /api/library/ID`: what is left out stays. */
export const traceNoteChangeSchema = z
  .strictObject({
    title: oneLine(LIBRARY_LIMITS.title).optional(),
    notes: z.string().max(LIBRARY_LIMITS.notes).optional(),
    tags: tagsSchema.optional(),
  })
  .refine((change) => Object.values(change).some((one) => one !== undefined), 'must change something');
export type TraceNoteChange = z.infer<typeof traceNoteChangeSchema>;

/** `growing`: a run writes it now; `cut`: it ends before its acts do, what is there is whole; `broken`: lines are wrong. */
export const STORED_STATES = ['growing', 'whole', 'cut', 'broken'] as const;

/** A trace in the library. */
export const libraryEntrySchema = traceNoteSchema.extend({
  id: runIdSchema,
  /** What the trace calls itself. */
  ownTitle: z.string(),
  command: z.array(z.string()),
  via: viaSchema.optional(),
  /** ISO instant of its first event; of its file for one that can’t be read. */
  startedAt: z.string(),
  durationMs: z.number().optional(),
  state: z.enum(STORED_STATES),
  /** What is wrong with one that is cut or broken, in words. */
  fault: z.string().optional(),
  events: z.int().nonnegative(),
  bytes: z.int().nonnegative(),
  exitCode: z.int().optional(),
  containers: z.array(z.string()),
  images: z.array(z.string()),
  importedFrom: z.string().optional(),
  importedAt: z.string().optional(),
});
export type LibraryEntry = z.infer<typeof libraryEntrySchema>;

/** A trace that was deleted and can still be had back. */
export const trashEntrySchema = z.object({
  key: z.string().regex(/^\d{1,16}-[a-zA-Z0-9][a-zA-Z0-9_.-]{0,127}$/),
  id: runIdSchema,
  title: z.string(),
  removedAt: z.string(),
  bytes: z.int().nonnegative(),
});
export type TrashEntry = z.infer<typeof trashEntrySchema>;

/** The answer of `GET /api/library`. */
export const libraryAnswerSchema = z.object({
  /** Newest first. */
  entries: z.array(libraryEntrySchema),
  /** How many fit the search, and how many there are. */
  found: z.int(),
  total: z.int(),
  bytes: z.number(),
  tags: z.array(z.object({ tag: z.string(), count: z.int() })),
  trash: z.int(),
  /** Files that have not been looked through yet. */
  unread: z.int(),
  /** What does not work as it should, with what to do. */
  problems: z.array(z.string()),
});
export type LibraryAnswer = z.infer<typeof libraryAnswerSchema>;
