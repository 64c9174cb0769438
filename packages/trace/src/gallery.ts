import { z } from 'zod';
import { hostSchema } from './header.ts';
import { viaSchema } from './layer.ts';

/** What a gallery says of one of its traces, before anybody opens it. */
export const galleryEntrySchema = z.object({
  /** The trace lies beside the list as `NAME.chain.gz`. */
  name: z.string().regex(/^[a-z0-9][a-z0-9-]{0,63}$/),
  group: z.string().max(60),
  title: z.string().max(120),
  /** One paragraph: what to look at. */
  look: z.string().max(1000),
  /** What was typed. */
  command: z.string().max(500),
  /** What records it again, in a clone of underdock. */
  again: z.string().max(200),
  /** The lines that are typed for that, one of them with `underdock record` or `run --record`. */
  typed: z.array(z.string().max(700)).max(5),
  /** The names of the traces that it makes a set with. */
  beside: z.array(z.string().max(64)).max(3),
  via: viaSchema,
  recordedAt: z.iso.datetime(),
  host: hostSchema,
  events: z.int().nonnegative(),
  /** From the first event to the last. */
  durationMs: z.number().nonnegative(),
  /** Of the file, as it is transferred. */
  bytes: z.int().nonnegative(),
  /** A sign for each step of the story: 0 to 5 is its layer, a to f the same where it failed. */
  story: z
    .string()
    .regex(/^[0-5a-f]*$/)
    .max(20_000),
});
export type GalleryEntry = z.infer<typeof galleryEntrySchema>;

/** `index.json` of a gallery, in the order in which it is shown. */
export const gallerySchema = z.object({ entries: z.array(galleryEntrySchema).max(500) });
export type Gallery = z.infer<typeof gallerySchema>;
