import type { Tell } from '../../../run/tell.ts';
import type { OciConfig, OciResources } from '../bundle/ociConfig.ts';

/** Where the container's three streams lead: open file descriptors, or a pseudo-terminal when the spec asks for one. */
export interface Stdio {
  stdin: number;
  stdout: number;
  stderr: number;
  /** The slave side's path (/dev/pts/N) and the master's descriptor, when `process.terminal` is true. */
  console?: { master: number; path: string };
}

/** The folders that a root filesystem was made of, lowest first, whiteouts as overlayfs has them. */
export interface ImageLayers {
  layers: readonly string[];
  layersFolder: string;
  /** Why no overlay can be mounted: then `layers` is one plain tree, to be copied. */
  noOverlay?: string;
}

/** What a low-level runtime is given: an OCI bundle (config.json and rootfs) and an id. */
export interface BundleToRun {
  id: string;
  /** Folder with config.json; `config.root.path` is the mounted root filesystem. */
  bundle: string;
  config: OciConfig;
  stdio: Stdio;
  /** Span of `high-level/create-task`: the cause of what the runtime does. */
  cause: string;
  /** Told with the act, where it is wanted: a script that does the same. */
  script?: () => Promise<string>;
  /** Outlives the run: so that a script can make the same root filesystem again. */
  image?: ImageLayers;
}

/** A command for a container that runs already, with ids in place of names. */
export interface CommandInside {
  argv: readonly string[];
  user?: { uid: number; gid: number };
  cwd?: string;
  env?: readonly string[];
}

/** What came of it. */
export interface CommandOutput {
  exitCode: number;
  stdout: Buffer;
  stderr: Buffer;
}

/**
 * A low-level runtime: makes isolation and a waiting process out of a bundle, starts it, signals it, takes it apart.
 * The operations are those of the OCI runtime spec (runtime.md, "Operations"). Every call tells its own
 * `low-level/…` act and the processes that it spawns. All reject with EmbeddedError and leave nothing half-made.
 */
export interface LowLevelRuntime {
  readonly name: string;
  readonly version: string;
  /** What this runtime can't do for this user on this host, in words: told as `low-level/absent` and shown. */
  readonly absent: readonly { what: string; why: string }[];
  /** The program behind it, and a cgroup2 hierarchy that has to be hidden from it; absent for by-hand. */
  readonly program?: { path: string; hideUnified?: string };
  /** True when `create` makes the terminal itself (by --console-socket) and returns its master; else stdio.console is given. */
  readonly makesConsole?: boolean;
  /** Resolves with the host pid of the init process that waits for `start`. */
  create(work: BundleToRun, tell: Tell): Promise<{ pid: number; console?: number }>;
  start(id: string, tell: Tell, cause: string): Promise<void>;
  /** Absent where the runtime has no such command. Rejects where the runtime can't run it; a bad exit code is its own. */
  exec?(id: string, wanted: CommandInside, tell: Tell, cause: string): Promise<CommandOutput>;
  pause?(id: string, tell: Tell, cause: string): Promise<void>;
  resume?(id: string, tell: Tell, cause: string): Promise<void>;
  /** Changes the limits that are named; the others stay. */
  update?(id: string, limits: OciResources, tell: Tell, cause: string): Promise<void>;
  state(
    id: string,
    tell?: Tell,
    cause?: string,
  ): Promise<{ status: 'created' | 'running' | 'stopped' | 'gone'; pid?: number }>;
  kill(id: string, signal: string, tell: Tell, cause: string): Promise<void>;
  /** Removes what is left of the container: cgroups, state, mounts in its namespace; never fails for one that is gone. */
  delete(id: string, tell: Tell | undefined, cause: string | undefined, force: boolean): Promise<void>;
}
