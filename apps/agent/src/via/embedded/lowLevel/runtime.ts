import type { Tell } from '../../../run/tell.ts';
import type { OciConfig } from '../bundle/ociConfig.ts';

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
  /** Outlives the run: so that a script can make the same root filesystem again. */
  image?: ImageLayers;
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
  /** True when `create` makes the terminal itself (by --console-socket) and returns its master; else stdio.console is given. */
  readonly makesConsole?: boolean;
  /** Resolves with the host pid of the init process that waits for `start`. */
  create(work: BundleToRun, tell: Tell): Promise<{ pid: number; console?: number }>;
  start(id: string, tell: Tell, cause: string): Promise<void>;
  state(
    id: string,
    tell?: Tell,
    cause?: string,
  ): Promise<{ status: 'created' | 'running' | 'stopped' | 'gone'; pid?: number }>;
  kill(id: string, signal: string, tell: Tell, cause: string): Promise<void>;
  /** Removes what is left of the container: cgroups, state, mounts in its namespace; never fails for one that is gone. */
  delete(id: string, tell: Tell | undefined, cause: string | undefined, force: boolean): Promise<void>;
}
