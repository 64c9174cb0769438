import { z } from 'zod';
import { runRequestSchema } from './messages.ts';

/** The body of `POST /api/oci/config`: a run’s request, and a text to hold against what becomes of it. */
export const configWantedSchema = z.strictObject({
  request: runRequestSchema,
  config: z.string().max(400_000).optional(),
});

/** Its answer: config.json as it would be, where each value comes from, and what is wrong with the text that was sent. */
export const preparedConfigSchema = z.object({
  /** Paths are those of the bundle; what is the run’s own (its cgroup) is not in it. */
  text: z.string(),
  provenance: z.array(
    z.object({
      flag: z.string(),
      from: z.enum(['flag', 'image', 'default']),
      field: z.string(),
      value: z.unknown(),
    }),
  ),
  /** `field` is a path (`linux.resources.memory.limit`), empty for the text as a whole. */
  faults: z.array(z.object({ field: z.string(), message: z.string(), line: z.int().positive().optional() })),
  /** Any configuration may be run here, not only what flags could ask for. */
  isFree: z.boolean(),
});
export type PreparedConfigAnswer = z.infer<typeof preparedConfigSchema>;
