import type { Grade } from '@underdock/trace';

/** The platforms that a run can be carried to. */
export const PLATFORMS = ['docker', 'compose', 'pod', 'aca', 'bundle'] as const;
export type Platform = (typeof PLATFORMS)[number];

/** Where a value was found: the name it has there, and the event that shows it. */
export interface Origin {
  /** `--memory`, `HostConfig.Memory`, `linux.resources.memory.limit`. */
  what: string;
  seq: number;
  grade: Grade;
  /** Nobody asked for it: the engine’s own choice. */
  isDefault?: true;
}

/** A value and where it was found. */
export interface Told<T> {
  value: T;
  from: Origin;
}

export interface PortableMount {
  kind: 'bind' | 'volume' | 'tmpfs';
  /** A path of the host, or a volume’s name. */
  source?: string;
  target: string;
  readOnly: boolean;
}

export interface PortablePort {
  hostIp?: string;
  /** Absent: any free one. */
  host?: number;
  inside: number;
  protocol: string;
}

/** A variable by its name; without a value where that was redacted or never read. */
export interface PortableVariable {
  name: string;
  value?: string;
}

/** A flag of docker’s that has no place of its own here: `--security-opt`, `--ulimit`. */
export interface OtherFlag {
  flag: string;
  value: string | true;
}

/** What makes a run the run that it was, without a word of any platform; what the trace does not tell is absent. */
export interface Portable {
  /** `''` where the trace knows no id. */
  container: string;
  name?: Told<string>;
  /** As `uname -m` says it. */
  arch: string;
  image: {
    reference?: Told<string>;
    /** Of the manifest or index in the registry. */
    digest?: Told<string>;
    /** Digest of the image’s configuration, as engines name images. */
    id?: Told<string>;
  };
  /** In place of the image’s ENTRYPOINT; empty takes it away. */
  entrypoint?: Told<readonly string[]>;
  /** In place of the image’s CMD. */
  args?: Told<readonly string[]>;
  /** What was executed in the end, the image’s share included. */
  program?: Told<readonly string[]>;
  env: readonly Told<PortableVariable>[];
  /** Names of variables that nobody says of whether the image set them. */
  unsure?: Told<readonly string[]>;
  workdir?: Told<string>;
  user?: Told<string>;
  /** The same in numbers, as the runtime was told. */
  ids?: Told<{ uid: number; gid: number }>;
  hostname?: Told<string>;
  /** It was taken away at its end. */
  removed?: Told<true>;
  /** Whoever asked for it did not wait for its end. */
  detached?: Told<true>;
  tty?: Told<true>;
  interactive?: Told<true>;
  /** bytes */
  memory?: Told<number>;
  cpus?: Told<number>;
  pids?: Told<number>;
  capAdd?: Told<readonly string[]>;
  capDrop?: Told<readonly string[]>;
  privileged?: Told<true>;
  readOnly?: Told<true>;
  noNewPrivileges?: Told<true>;
  seccomp?: Told<true>;
  mounts: readonly Told<PortableMount>[];
  ports: readonly Told<PortablePort>[];
  /** `none`, `host`, `bridge`, a network’s name; absent: the platform’s own choice. */
  network?: Told<string>;
  others: readonly Told<OtherFlag>[];
  /** The low-level runtime that underdock’s own engine took. */
  builtBy?: Told<string>;
  /** config.json, as the low-level runtime was given it. */
  config?: Told<Readonly<Record<string, unknown>>>;
}

/** Something that is the same there; `mark` stands in the text, word for word, where it is said there. */
export interface Kept {
  what: string;
  value: string;
  mark?: string;
  from?: Origin;
  /** Why it is the same without a word. */
  note?: string;
}

/** Something that the platform can’t say, or says otherwise. */
export interface Lost {
  what: string;
  why: string;
}

/** A file of an export. */
export interface ExportedFile {
  name: string;
  text: string;
  executable?: true;
}

/** A run as a platform wants to have it said. */
export interface Exported {
  platform: Platform;
  /** None where the trace does not tell enough; `lost` says why. */
  files: readonly ExportedFile[];
  /** How it is used, as one would type it. */
  use: string;
  stays: readonly Kept[];
  adds: readonly string[];
  lost: readonly Lost[];
  /** What the reader has to put in before it works. */
  fill: readonly string[];
}
