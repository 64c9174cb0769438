import { z } from 'zod';
import { layerSchema } from './layer.ts';
import { MAX_AT } from './limits.ts';

/** Where a piece of evidence came from. `self` is a call that underdock itself made. */
export const EVIDENCE_SOURCES = [
  'tracepoint',
  'uprobe',
  'http',
  'grpc',
  'events',
  'runtime-log',
  'file',
  'procfs',
  'strace',
  'self',
] as const;

export const evidenceSchema = z.object({
  source: z.enum(EVIDENCE_SOURCES),
  /** The decoded, allow-listed fields of the raw record; never raw payload bytes. */
  raw: z.record(z.string(), z.unknown()),
});
export type Evidence = z.infer<typeof evidenceSchema>;
export type EvidenceSource = Evidence['source'];

/** How an event is known: seen as it happened, read afterwards from the system, or concluded from other events. */
export const GRADES = ['observed', 'read-back', 'inferred'] as const;
export const gradeSchema = z.enum(GRADES);
export type Grade = z.infer<typeof gradeSchema>;

export const EVENT_TYPES = ['begin', 'end', 'log', 'progress', 'fact'] as const;
export type EventType = (typeof EVENT_TYPES)[number];

export const actorSchema = z.object({
  /** As the program names itself (`runc:[1:CHILD]`, `underdock`), at most 64 characters. */
  name: z.string().min(1).max(64),
  /** Thread-group id as the host sees it. */
  pid: z.int().nonnegative().optional(),
  version: z.string().max(120).optional(),
});
export type Actor = z.infer<typeof actorSchema>;

/** `layer/verb-noun`, or `trace/…` for what a trace says about itself. */
export const stepNameSchema = z
  .string()
  .max(80)
  .regex(/^[a-z-]+\/[a-z0-9-]+$/);

const spanSchema = z.string().min(1).max(40);

export const eventSchema = z.object({
  seq: z.int().positive(),
  /** Milliseconds since the header's instant, on the trace's one monotonic clock. */
  at: z.number().min(-3_600_000).max(MAX_AT),
  type: z.enum(EVENT_TYPES),
  step: stepNameSchema,
  layer: layerSchema,
  actor: actorSchema,
  /** On `begin`, `progress` and `end`: which act; on `log` and `fact`: the act it belongs to, if known. */
  span: spanSchema.optional(),
  /** Spans that made this happen, nearest first. */
  cause: z.array(spanSchema).max(16).optional(),
  /** The container's full id. */
  container: z.string().max(128).optional(),
  data: z.record(z.string(), z.unknown()),
  evidence: z.array(evidenceSchema).max(64),
  grade: gradeSchema,
});

/** One line of a trace. */
export type TraceEvent = z.infer<typeof eventSchema>;
