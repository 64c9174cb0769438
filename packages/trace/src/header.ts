import { z } from 'zod';
import { layerSchema, viaSchema } from './layer.ts';

/** The version of the format that this code writes. Older ones are upgraded while reading. */
export const FORMAT_VERSION = 1;

export const watcherStateSchema = z.object({
  layer: layerSchema,
  name: z.string().max(64),
  state: z.enum(['ok', 'missing']),
  /** Why it is missing, or what it leaves out, in words with a remedy. */
  why: z.string().max(1000).optional(),
});
export type WatcherState = z.infer<typeof watcherStateSchema>;

export const hostSchema = z.object({
  kernel: z.string(),
  arch: z.string(),
  cgroup: z.enum(['v1', 'hybrid', 'v2', 'none']),
  root: z.boolean(),
  versions: z.record(z.string(), z.string()),
});
export type HostDescription = z.infer<typeof hostSchema>;

export const headerSchema = z.object({
  underdock: z.literal(FORMAT_VERSION),
  id: z.string().regex(/^[a-zA-Z0-9][a-zA-Z0-9_.-]{0,127}$/),
  title: z.string().max(500),
  via: viaSchema,
  /** The command as one would type it, secrets already redacted. */
  command: z.array(z.string()).max(1000),
  startedAt: z.iso.datetime(),
  clock: z.object({
    /** CLOCK_MONOTONIC at `at` = 0, nanoseconds as a decimal string. */
    monotonicNs: z.string().regex(/^\d+$/),
    /** Unix time in ms at the same instant. */
    wallMs: z.number(),
  }),
  host: hostSchema,
  watchers: z.array(watcherStateSchema).max(64),
  /** What was redacted, by name and never by value: `env API_KEY`. */
  redacted: z.array(z.string().max(300)).max(1000),
});

/** The first line of a trace. */
export type TraceHeader = z.infer<typeof headerSchema>;
