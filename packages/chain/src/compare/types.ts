import type { Layer, TraceEvent, TraceHeader, Via } from '@underdock/trace';
import type { Gap } from '../state.ts';

/** What every road to a container achieves, in this order. Traces are aligned by these, never by the clock. */
export const ACHIEVEMENTS = [
  'ordered',
  'image',
  'filesystem',
  'sandbox',
  'isolation',
  'limits',
  'process',
  'cleanup',
] as const;
export type Achievement = (typeof ACHIEVEMENTS)[number];

/** A trace as far as it is known; it may still grow. */
export interface ComparedTrace {
  header: TraceHeader;
  events: readonly TraceEvent[];
}

/**
 * How a number stands: `n` as counted, undefined where nobody watched. `atLeast`: something was lost or not watched for
 * a time, so there may be more.
 */
export interface Count {
  n?: number;
  atLeast?: boolean;
}

/** Why an achievement has no evidence of its own, or why it is not what it looks like. */
export type Reason =
  /** It was on this host before the run. */
  | 'was-there'
  /** What came of it was read; who did it was not seen. */
  | 'facts-alone'
  /** Nobody watched the layer in which it would show. */
  | 'not-watched'
  /** The trace tells nothing of it. */
  | 'no-evidence'
  /** The trace ends, or is, before it. */
  | 'not-so-far'
  /** The chain broke before. */
  | 'broke-before'
  /** There is no such thing on this road. */
  | 'not-on-this-road';

/** One achievement of one trace. */
export interface Cell {
  /** `unseen` comes with a reason. */
  state: 'reached' | 'failed' | 'unseen';
  reason?: Reason;
  /** Programs that did something for it, in order of appearance. */
  actors: readonly string[];
  /** Requests, commands and other acts of the layers above the kernel. */
  calls: Count;
  /** System calls that are watched: those that build or take apart a container. */
  syscalls: Count;
  /** Processes that began. */
  processes: Count;
  /** The time during which it was what was being done, ms. The cells of a trace sum up to the whole. */
  ms: number;
  /** When its first act began and its last one ended, ms from the trace's beginning; absent without acts. */
  fromMs?: number;
  toMs?: number;
}

/** Acts of the same name, in every trace. */
export interface ActRow {
  /** Its name without what differs from run to run: `mount proc ROOTFS/proc`. */
  name: string;
  step: string;
  layer: Layer;
  kind: 'call' | 'syscall';
  /** How often it failed among all these. */
  counts: readonly Count[];
  /** Errors that it ended with anywhere: `ENOENT`. */
  errors: readonly string[];
  /** Programs that did it, per trace. */
  actors: readonly (readonly string[])[];
  /** `some`: in one or more traces it is lacking; `differs`: not as often everywhere; `unknown`: somebody did not watch. */
  mark: 'same' | 'differs' | 'some' | 'unknown';
}

/** One achievement across all traces. */
export interface ComparisonRow {
  achievement: Achievement;
  cells: readonly Cell[];
  acts: readonly ActRow[];
}

/** One of the traces that are compared. */
export interface Side {
  /** `A`, `B`, `C`, `D`. */
  letter: string;
  id: string;
  /** Which road, in two words: `docker, runc`. */
  road: string;
  via: Via;
  runtime?: string;
  command: readonly string[];
  startedAt: string;
  container: string;
  events: number;
  calls: Count;
  syscalls: Count;
  processes: Count;
  /** From the first act to the end, or to now. */
  ms: number;
  gaps: readonly Pick<Gap, 'kind' | 'layer' | 'name' | 'why' | 'count'>[];
  /** The run has ended in this trace. */
  finished: boolean;
  exitCode?: number;
  failure?: string;
}

/** One thing that is compared, by its name in the traces. */
export interface DiffRow {
  /** `linux.resources.memory.limit`, `mount /proc`, `memory limit`. */
  name: string;
  /** Undefined: the trace does not have it. */
  values: readonly (string | undefined)[];
  /** For each trace the place of the first that says the same, but for own ids. */
  alike: readonly number[];
  /** Names in a set, where the value is one: what is told of it is what others lack. */
  sets?: readonly (readonly string[] | undefined)[];
  /**
   * `own`: other words for the same, such as each container’s own id and folder; `some`: not in every trace; `unseen`: some
   * traces do not tell it, and the others agree; `hidden`: it was redacted, so nobody can say.
   */
  mark: 'same' | 'own' | 'differs' | 'some' | 'unseen' | 'hidden';
}

/** What is compared value by value. */
export interface Diff {
  /** Per trace: it tells enough to be compared. */
  known: readonly boolean[];
  rows: readonly DiffRow[];
}

export const DIGEST_KINDS = ['index', 'manifest', 'config', 'unknown'] as const;
export type DigestKind = (typeof DIGEST_KINDS)[number];

/** By what an image can be known. */
export interface ImageDigest {
  kind: DigestKind;
  digest: string;
}

/** The image of each trace, and whether it is one. */
export interface ImageComparison {
  sides: readonly { reference?: string; digests: readonly ImageDigest[]; layers: readonly string[] }[];
  /**
   * `same`: an equal digest, `by` which kind; `same-layers`: other digests, but the very same layers; `differs`: also in the
   * layers or, where these are not told, in the digests; `unknown`: a trace tells no digest that others tell too.
   */
  verdict: 'same' | 'same-layers' | 'differs' | 'unknown';
  by?: DigestKind | 'layers';
  digest?: string;
}

/** Two to four traces side by side. Times are those of these runs alone and say nothing of others. */
export interface Comparison {
  sides: readonly Side[];
  image: ImageComparison;
  rows: readonly ComparisonRow[];
  config: Diff;
  isolation: Diff;
  cgroups: Diff;
  /** In what they differ; nothing = no difference, not even in time. */
  differs: readonly ('image' | 'acts' | 'config' | 'isolation' | 'cgroups' | 'outcome' | 'time')[];
}
