import type { Grade, Layer, TraceEvent } from '@underdock/trace';

/** What can be asked of a run: each follows one of docker's flags, or several that belong together. */
export const FLAGS = [
  'memory',
  'cpus',
  'pids',
  'hostname',
  'user',
  'capabilities',
  'read-only',
  'mounts',
  'ports',
  'env',
  'network',
] as const;
export type FlagName = (typeof FLAGS)[number];

/** Where a value is seen on its way down: as typed, as asked of the engine, in config.json, in a call to the kernel, and as the kernel shows it. */
export type Place = 'flag' | 'api' | 'config' | 'kernel' | 'now';

/** The value at one place, with the event that shows it. */
export interface ProvenanceLink {
  kind: 'link';
  place: Place;
  layer: Layer;
  /** The name that it has there: `--memory`, `HostConfig.Memory`, `linux.resources.memory.limit`, `memory.max`. */
  what: string;
  /** As it is said there: `64m`, `67108864`, `50000 100000`. */
  value: string;
  /** The same in words, where that says more: `64 MiB`. */
  words?: string;
  note?: string;
  actor: string;
  seq: number;
  /** Of an act that its `end` shows: the event alone is not told. */
  span?: string;
  /** ms since the header's instant. */
  at: number;
  grade: Grade;
  /** What is wrong, where the value is not what stands further up. */
  differs?: string;
}

/** A place where nothing was seen: `gap` where something must be, `none` where there is nothing to see on this road. */
export interface ProvenanceGap {
  kind: 'gap' | 'none';
  place: Place;
  layer: Layer;
  why: string;
  /** An event that stands nearest to what is missing. */
  seq?: number;
}

/** One value of a run from the flag down to the kernel, in this order. */
export interface ProvenanceLine {
  flag: FlagName;
  /** `--memory`; with what tells several apart: `--volume /data`. */
  title: string;
  /** Who asked for it: the user, the image, or nobody. */
  from: 'flag' | 'image' | 'default';
  steps: readonly (ProvenanceLink | ProvenanceGap)[];
  /** No link says something else than the one before. */
  agrees: boolean;
}

/** What a link says, in a form that can be compared with others: by key, `null` = unlimited. */
export type Holds = Readonly<Record<string, string | number | null>>;

/** A link before it is compared. */
export type DraftLink = Omit<ProvenanceLink, 'differs'> & { holds?: Holds };
export type DraftLine = Omit<ProvenanceLine, 'steps' | 'agrees' | 'flag'> & {
  steps: readonly (DraftLink | ProvenanceGap)[];
};

/** What an event says at a place, without who and when. */
export interface Saying {
  what: string;
  value: string;
  words?: string;
  note?: string;
  holds?: Holds;
}

/** The link of an event. */
export function link(place: Place, event: TraceEvent, saying: Saying): DraftLink {
  const { layer, actor, seq, at, grade, span } = event;
  const of = event.type === 'end' && span !== undefined ? { span } : {};
  return { kind: 'link', place, layer, actor: actor.name, seq, ...of, at, grade, ...saying };
}

const LAYERS: Readonly<Record<Place, Layer>> = {
  flag: 'client',
  api: 'engine',
  config: 'high-level',
  kernel: 'kernel',
  now: 'kernel',
};

/** A place where something must have been, and was not seen. */
export function gap(place: Place, why: string, seq?: number): ProvenanceGap {
  return { kind: 'gap', place, layer: LAYERS[place], why, ...(seq === undefined ? {} : { seq }) };
}

/** A place where there is nothing to see. */
export function none(place: Place, why: string): ProvenanceGap {
  return { kind: 'none', place, layer: LAYERS[place], why };
}
