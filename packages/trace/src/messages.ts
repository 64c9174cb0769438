import { z } from 'zod';
import { eventSchema } from './event.ts';
import { headerSchema } from './header.ts';
import { viaSchema } from './layer.ts';

const word = z
  .string()
  .max(4096)
  .refine((text) => !text.includes('\0'), 'must not contain a NUL character');
const words = (max: number) => z.array(word).max(max);

/** `512m`, `1g`, `64MiB` or a number of bytes: docker's --memory. */
const sizeSchema = z.union([
  z.int().positive(),
  z
    .string()
    .regex(/^\d+(\.\d+)?\s*([bkmgt]|[kmgt]i?b)?$/i, 'must be a size such as 64m, 1g or a number of bytes'),
]);

/**
 * The body of `POST /api/runs`: the flags of `underdock run` in camelCase. Lists of strings are written as docker's flags
 * take them (`env: ["KEY=value"]`, `volume: ["/srv/www:/www:ro"]`).
 */
const requestShape = z.strictObject({
  /** May be left out where `bundle` says what to run. */
  image: z.string().max(512).default(''),
  command: words(1000).default([]),
  via: viaSchema.exclude(['watch']).optional(),
  runtime: z.string().min(1).max(256).optional(),
  engine: z.enum(['host', 'private']).optional(),
  socket: z.string().max(512).optional(),
  name: z
    .string()
    .regex(
      /^[a-zA-Z0-9][a-zA-Z0-9_.-]{0,127}$/,
      'must begin with a letter or digit and hold only letters, digits, _ . -',
    )
    .optional(),
  hostname: z
    .string()
    .regex(
      /^(?=.{1,63}$)[a-zA-Z0-9]([a-zA-Z0-9.-]*[a-zA-Z0-9])?$/,
      'must be a host name: letters, digits, hyphens and dots, 63 characters at most',
    )
    .optional(),
  env: words(1000).default([]),
  user: z.string().min(1).max(256).optional(),
  workdir: word.startsWith('/', 'must be an absolute path').optional(),
  entrypoint: word.optional(),
  volume: words(100).default([]),
  mount: words(100).default([]),
  memory: sizeSchema.optional(),
  cpus: z.coerce.number().positive().max(4096).optional(),
  /** -1 = unlimited, as docker has it. */
  pidsLimit: z.coerce
    .number()
    .int()
    .min(-1)
    .max(4_194_304)
    .refine((n) => n !== 0, 'must be -1 (unlimited) or at least 1')
    .optional(),
  network: z.string().max(128).optional(),
  readOnly: z.boolean().default(false),
  capAdd: words(64).default([]),
  capDrop: words(64).default([]),
  publish: words(100).default([]),
  interactive: z.boolean().default(false),
  tty: z.boolean().default(false),
  detach: z.boolean().default(false),
  /** Accepted as docker's; the container is removed at its exit anyway unless `keep`. */
  rm: z.boolean().default(false),
  keep: z.boolean().default(false),
  /** Stop between create and start until `POST /api/runs/ID/release`. */
  hold: z.boolean().default(false),
  /** Allow plain http to the image's registry even though it is not on loopback. */
  plainHttp: z.boolean().default(false),
  /** An OCI bundle that is there already, on the way in `oci`: a host folder with config.json and its root filesystem. */
  bundle: word.startsWith('/', 'must be an absolute path').optional(),
  /** The text of config.json, on the way in `oci`, in place of the one that the flags make. */
  config: z.string().max(400_000).optional(),
});

export const runRequestSchema = requestShape.refine(
  ({ image, bundle }) => image !== '' || bundle !== undefined,
  { path: ['image'], message: 'must name an image, such as starter' },
);

/** A validated run request, defaults filled in. */
export type RunRequest = z.infer<typeof runRequestSchema>;
/** What a client may send: everything but `image` is optional. */
export type RunRequestInput = z.input<typeof runRequestSchema>;

export const RUN_STATES = ['preparing', 'held', 'running', 'stopping', 'finished', 'failed'] as const;

/** A run as lists show it. */
export const runSummarySchema = z.object({
  id: z.string(),
  title: z.string(),
  via: viaSchema,
  command: z.array(z.string()),
  startedAt: z.string(),
  state: z.enum(RUN_STATES),
  container: z.string().optional(),
  exitCode: z.int().optional(),
  error: z.string().optional(),
  events: z.int().nonnegative(),
  tty: z.boolean(),
  interactive: z.boolean(),
  /** When the page's time limit will stop it (ISO instant); absent = no limit. */
  deadline: z.string().optional(),
  /** The request that started it, for "run it again"; environment values are redacted. */
  request: z.record(z.string(), z.unknown()).optional(),
});
export type RunSummary = z.infer<typeof runSummarySchema>;

export const runIdSchema = z.string().regex(/^[a-zA-Z0-9][a-zA-Z0-9_.-]{0,127}$/);

/** Client -> server `follow`: begin at `fromSeq` (1 = everything). */
export const followSchema = z.strictObject({ run: runIdSchema, fromSeq: z.int().min(1).default(1) });
/** Client -> server `unfollow`. */
export const unfollowSchema = z.strictObject({ run: runIdSchema });
/** Client -> server `input`: bytes for the container's stdin (base64), or its end. */
export const inputSchema = z.strictObject({
  run: runIdSchema,
  base64: z.string().max(131_072).default(''),
  end: z.boolean().default(false),
});
/** Client -> server `resize`: the console's size in character cells. */
export const resizeSchema = z.strictObject({
  run: runIdSchema,
  cols: z.int().min(1).max(1000),
  rows: z.int().min(1).max(1000),
});

/** Server -> client `header`. */
export const headerMessageSchema = z.object({ run: runIdSchema, header: headerSchema });
/** Server -> client `events`: the trace file's own objects; `closed` once the trace will not grow any more. */
export const eventsMessageSchema = z.object({
  run: runIdSchema,
  events: z.array(eventSchema),
  closed: z.boolean().default(false),
});
export type HeaderMessage = z.infer<typeof headerMessageSchema>;
export type EventsMessage = z.infer<typeof eventsMessageSchema>;

/** The answer of `GET /api/audience`: what the link for an audience is made of. */
export const audienceSchema = z.object({
  /** Of the link that may only look. */
  token: z.string().min(1),
  /** The addresses at which browsers on other machines find the agent; none where it listens to its own alone. */
  doors: z.array(z.url()),
});
export type AudienceAnswer = z.infer<typeof audienceSchema>;

/** One prerequisite that `underdock doctor` looked at. */
export const checkSchema = z.object({
  /** `bpftrace`, `overlay`, `cgroups` … */
  name: z.string(),
  state: z.enum(['ok', 'limited', 'missing']),
  /** What was found, in a sentence. */
  found: z.string(),
  /** What underdock can't do or does less well because of it; absent when it does well without. */
  effect: z.string().optional(),
  /** What to do about it: a sentence, with the command to type if there is one. */
  remedy: z.string().optional(),
});
export type Check = z.infer<typeof checkSchema>;

/** The answer of `GET /api/doctor` and `underdock doctor --json`. */
export const doctorSchema = z.object({
  host: z.object({
    kernel: z.string(),
    arch: z.string(),
    os: z.string(),
    cgroup: z.enum(['v1', 'hybrid', 'v2', 'none']),
    root: z.boolean(),
    environment: z.array(z.string()),
  }),
  /** What can be done here: ways in and runtimes, best first. */
  can: z.object({ vias: z.array(z.string()), runtimes: z.array(z.string()), watch: z.array(z.string()) }),
  checks: z.array(checkSchema),
  versions: z.record(z.string(), z.string()),
});
export type DoctorReport = z.infer<typeof doctorSchema>;

/** An error as HTTP and the socket's acknowledgements carry it. */
export const problemSchema = z.object({
  error: z.object({ code: z.string(), message: z.string(), remedy: z.string().optional() }),
});
export type Problem = z.infer<typeof problemSchema>;
