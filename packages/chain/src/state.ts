import type { DetailLevel, Grade, Layer, TraceEvent, TraceHeader, WatcherState } from '@underdock/trace';
import type { ContainerPicture } from './container.ts';
import type { PersistentList } from './persistentList.ts';
import type { PersistentMap } from './persistentMap.ts';

/** The names that an actor's own helper processes go by now: `runc:[2:INIT]` is runc. */
export interface ActorSelf {
  name: string;
  pid?: number;
}

/** A program that fills a layer in this run, as seen in evidence. */
export interface ActorState {
  /** `layer/name`: the same program may fill several layers. */
  key: string;
  layer: Layer;
  name: string;
  pid?: number;
  version?: string;
  /** `at` of the first event that shows it, ms. */
  firstAt: number;
  lastAt: number;
  /** Its processes as they name themselves, in order of appearance; the last one that acted is `self`. */
  processes: readonly ActorSelf[];
  self?: ActorSelf;
  /** Distinct acts begun so far. */
  calls: number;
}

/** Where an arrow begins or ends: an actor's key, the kernel, or something outside such as a registry. */
export type Endpoint = { actor: string } | { kernel: true } | { outside: string };

export interface CallError {
  /** Short name: an errno such as EPERM, or a code. */
  error: string;
  message?: string;
  remedy?: string;
}

/** One act (or moment): an arrow with its real name on it. */
export interface Call {
  /** The span, or `e<seq>` for a moment without one. */
  key: string;
  span?: string;
  step: string;
  layer: Layer;
  level: DetailLevel;
  /** What it is really called: `POST /containers/create`, `runc create`, `unshare NEWNS|NEWPID`. */
  name: string;
  from: Endpoint;
  to: Endpoint;
  /** Spans that made it happen, nearest first. */
  cause: readonly string[];
  container?: string;
  beginAt: number;
  endAt?: number;
  /** Seq of the event that began it, and of the one that ended it. */
  beginSeq: number;
  endSeq?: number;
  failure?: CallError;
  /** Only the closing of the trace ended it. */
  leftOpen?: boolean;
  /** The data of begin, then progress, then end, later fields over earlier ones. */
  data: Readonly<Record<string, unknown>>;
  grade: Grade;
}

/** Something that could not be watched, or was lost: drawn as a hatched gap. */
export interface Gap {
  key: string;
  kind: 'watcher' | 'lost';
  layer: Layer;
  name: string;
  why?: string;
  /** Lost records. */
  count?: number;
  at: number;
}

/** Where the chain broke. */
export interface Failure extends CallError {
  span?: string;
  key: string;
  step: string;
  layer: Layer;
  at: number;
  /** The container died by itself (exit code, OOM) rather than the chain breaking. */
  kind: 'chain' | 'process';
}

/** How long a layer worked: `selfMs` while nothing below it worked for it, `waitingMs` while something did. */
export interface LayerTime {
  selfMs: number;
  waitingMs: number;
}

/** Everything that is known about a run after some of its events. Never changes; see applyEvent. */
export interface ChainState {
  header: TraceHeader;
  /** Events folded so far. */
  count: number;
  /** `at` of the last folded event, ms. */
  at: number;
  last?: TraceEvent;
  /** In order of first appearance. */
  actors: readonly ActorState[];
  calls: PersistentList<Call>;
  /** Call index by span. */
  spans: PersistentMap<number>;
  /** Keys of the spans that are open, oldest first. */
  open: readonly string[];
  /** Key of the call that the last event belongs to. */
  current?: string;
  /** Index of the call that was touched last among those shown at each level. */
  latest: Readonly<Partial<Record<DetailLevel, number>>>;
  /** By full id; `''` holds what is seen before an id is known, and is taken over by the first id. */
  containers: Readonly<Record<string, ContainerPicture>>;
  /** How many of them live: they are being built, wait or run. */
  living: number;
  /** The id of the first container: the one that is drawn. */
  container: string;
  watchers: readonly WatcherState[];
  gaps: readonly Gap[];
  redacted: readonly string[];
  /** The first failure of the chain; a dead process only where the chain itself did not fail. */
  failure?: Failure;
  /** Waiting between create and start at somebody's wish. */
  held: boolean;
  /** Everything is over: the client's run has ended. */
  finished: boolean;
  exitCode?: number;
  /** Steps that this version does not know, with how often they came. */
  unknown: Readonly<Record<string, number>>;
}
