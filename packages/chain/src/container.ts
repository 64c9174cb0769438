import type { Grade } from '@underdock/trace';
import type { PersistentMap } from './persistentMap.ts';

export const NAMESPACE_KINDS = ['mnt', 'pid', 'net', 'uts', 'ipc', 'user', 'cgroup', 'time'] as const;
export type NamespaceKind = (typeof NAMESPACE_KINDS)[number];

export interface NamespaceFact {
  kind: NamespaceKind;
  inode: string;
  hostInode?: string;
  /** Not the host's. */
  own: boolean;
  pid?: number;
  grade: Grade;
  seq: number;
  span?: string;
  gone?: boolean;
}

export interface RestrictionFact {
  kind: string;
  value: unknown;
  dropped?: readonly string[];
  pid?: number;
  grade: Grade;
  seq: number;
  span?: string;
}

export interface CgroupFact {
  path: string;
  hierarchy: number;
  controllers: readonly string[];
  seq: number;
  gone?: boolean;
}

export interface CgroupValue {
  file: string;
  name: string;
  value: string;
  controller: string;
  meaning: 'memory' | 'cpu' | 'pids' | 'devices' | 'other';
  /** Bytes, cpus or a count; null = unlimited. */
  number?: number | null;
  /** Usage in the same unit. */
  now?: number;
  grade: Grade;
  seq: number;
  span?: string;
}

export interface MountFact {
  mountPoint: string;
  fstype: string;
  source: string;
  options: readonly string[];
  readOnly: boolean;
  seq: number;
  gone?: boolean;
}

/** Mounts as a tree by mount point; `depth` 0 is the root. */
export interface MountRow extends MountFact {
  depth: number;
}

export interface ProcessFact {
  pid: number;
  innerPid?: number;
  comm: string;
  argv?: readonly string[];
  role: 'init' | 'child' | 'runtime';
  /** Lives in the container's namespaces: its init, and what that has started. */
  inside?: boolean;
  /** Made by create, waiting for start. */
  waiting: boolean;
  alive: boolean;
  exitCode?: number;
  signal?: number | string;
  oomKilled?: boolean;
  seq: number;
  span?: string;
}

export type ImageLayerState =
  | 'waiting'
  | 'fetching'
  | 'verifying'
  | 'unpacking'
  | 'ready'
  | 'cached'
  | 'failed';

export interface ImageLayer {
  index: number;
  digest?: string;
  diffId?: string;
  mediaType?: string;
  state: ImageLayerState;
  /** Compressed bytes fetched, of `totalBytes`. */
  bytes: number;
  totalBytes?: number;
  /** Bytes per second while fetching, over the whole fetch. */
  rate?: number;
  unpackedBytes?: number;
  entries?: number;
  whiteouts?: number;
  createdBy?: string;
  /** `at` of the fetch's begin, ms. */
  fetchAt?: number;
  span?: string;
}

export interface SnapshotFact {
  kind: 'overlay' | 'copy';
  lower: readonly string[];
  upper?: string;
  work?: string;
  target?: string;
  why?: string;
  ready: boolean;
  span?: string;
  gone?: boolean;
}

/** Where a field of the runtime config came from. */
export interface Provenance {
  flag?: string;
  from: 'flag' | 'image' | 'default';
  field: string;
  value: unknown;
}

export interface OutputPiece {
  stream: 'stdout' | 'stderr';
  base64: string;
  at: number;
  seq: number;
}

/** What a pod’s sandbox is: a container that only keeps namespaces for others. */
export interface SandboxFact {
  name?: string;
  ready: boolean;
  /** Of the pause process, host’s view. */
  pid?: number;
  image?: string;
  network?: string;
  ip?: string;
  /** Kinds of namespaces that the containers of the pod join. */
  shares: readonly string[];
  seq: number;
  gone?: boolean;
}

/** What is known about one container. */
export interface ContainerPicture {
  /** Full id, `''` while unknown. */
  id: string;
  name?: string;
  /** Its service in a compose file. */
  service?: string;
  /** It is a pod’s sandbox itself. */
  sandbox?: SandboxFact;
  /** Id of the sandbox whose pod it is in. */
  pod?: string;
  image?: string;
  state?: 'created' | 'running' | 'stopped';
  exitCode?: number;
  oomKilled?: boolean;
  gone?: boolean;
  /** Limits as asked for, and which of them are underdock's own defaults. */
  limits: Readonly<Record<string, unknown>>;
  defaults: readonly string[];
  hostname?: string;
  reference?: string;
  /** Host and port of the registry that was asked. */
  registry?: string;
  digest?: string;
  platform?: string;
  namespaces: Readonly<Partial<Record<NamespaceKind, NamespaceFact>>>;
  restrictions: Readonly<Record<string, RestrictionFact>>;
  cgroups: readonly CgroupFact[];
  cgroupValues: Readonly<Record<string, CgroupValue>>;
  mounts: Readonly<Record<string, MountFact>>;
  processes: PersistentMap<ProcessFact>;
  /** Pid of the init process, host's view. */
  init?: number;
  layers: readonly ImageLayer[];
  snapshot?: SnapshotFact;
  config?: Readonly<Record<string, unknown>>;
  configPath?: string;
  provenance: readonly Provenance[];
  absent: readonly { what: string; why: string; span?: string }[];
  /** The newest pieces, 64 KiB of base64 at most; `outputDropped` counts what fell out. */
  output: readonly OutputPiece[];
  outputDropped: number;
  /** The process was created, lives, has died, is taken apart. */
  /** ms: when the asked-for program began to live, and when it died. */
  aliveAt?: number;
  deadAt?: number;
  life: 'none' | 'building' | 'waiting' | 'alive' | 'dead' | 'gone';
}
