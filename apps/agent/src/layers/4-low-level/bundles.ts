import { closeSync, constants, fstatSync, openSync, readFileSync, readSync } from 'node:fs';
import { join } from 'node:path';
import type { ExitRecord, ReadBackRecord, RootRecord, RuntimeLogRecord } from '@underdock/weave';

/** A config.json longer than this (bytes) is none that a runtime takes. */
const LONGEST_CONFIG = 4_000_000;
/** So much of a log’s end is read: the last message is what counts. */
const LONGEST_LOG = 64_000;
const MOST_OPEN = 200;

/**
 * Reads what a runtime that somebody else started was given and what it left: the bundle’s config.json when the runtime
 * begins, and its own log when it failed. Files vanish with the container, so the log is opened at the beginning.
 */
export class Bundles {
  readonly #pidNamespace: number | undefined;
  #logs = new Map<number, { fd: number; root: RootRecord }>();

  /** `pidNamespace` is the host’s, as an inode. */
  constructor(pidNamespace: number | undefined) {
    this.#pidNamespace = pidNamespace;
  }

  /** What a runtime was given: nothing where it names no bundle or that can’t be read any more. */
  begun(root: RootRecord): ReadBackRecord | undefined {
    // Whoever calls his program runc may name any file, and the agent can read them all: only root is believed, and only
    // outside of containers, where a path means the same file.
    if (root.role !== 'runtime' || root.uid !== 0 || root.pidNamespace !== this.#pidNamespace)
      return undefined;
    this.#keepLog(root);
    const bundle = flagOf(root.argv, '--bundle', '-b');
    if (!bundle || !root.container || (root.verb !== 'create' && root.verb !== 'run')) return undefined;
    const file = join(bundle, 'config.json');
    const config = readConfig(file);
    if (!config) return undefined;
    return {
      kind: 'read-back',
      at: root.at,
      step: 'high-level/has-config',
      layer: 'high-level',
      actor: { name: root.actor, pid: root.pid },
      container: root.container,
      data: { id: root.container, path: file, config },
      file,
      text: `ociVersion ${String(config.ociVersion)}`,
    };
  }

  /** What a runtime that failed said of it last. */
  ended({ pid, at, exitCode }: ExitRecord): RuntimeLogRecord | undefined {
    const log = this.#logs.get(pid);
    if (!log) return undefined;
    this.#logs.delete(pid);
    const message = exitCode === 0 ? undefined : lastError(log.fd);
    closeSync(log.fd);
    if (!message) return undefined;
    const { actor: runtime, container } = log.root;
    const base = {
      kind: 'runtime-log',
      at,
      pid,
      uncertaintyMs: 0,
      runtime,
      level: 'error',
      message,
    } as const;
    return { ...base, ...(container ? { container } : {}) };
  }

  close(): void {
    for (const { fd } of this.#logs.values()) closeSync(fd);
    this.#logs.clear();
  }

  #keepLog(root: RootRecord): void {
    const file = flagOf(root.argv, '--log');
    if (!file?.startsWith('/') || this.#logs.size >= MOST_OPEN) return;
    const fd = opened(file);
    if (fd !== undefined) this.#logs.set(root.pid, { fd, root });
  }
}

function flagOf(argv: readonly string[], ...flags: string[]): string | undefined {
  for (const [n, word] of argv.entries()) {
    if (flags.includes(word)) return argv[n + 1];
    const flag = flags.find((one) => word.startsWith(`${one}=`));
    if (flag) return word.slice(flag.length + 1);
  }
  return undefined;
}

/** Whoever starts a runtime chooses these paths: what is no plain file, a pipe say, would hold the agent up. */
function opened(file: string): number | undefined {
  try {
    const fd = openSync(file, constants.O_RDONLY | constants.O_NONBLOCK | constants.O_NOFOLLOW);
    if (fstatSync(fd).isFile()) return fd;
    closeSync(fd);
  } catch {
    // Gone, or not to be read: then nothing is said of it.
  }
  return undefined;
}

function readConfig(file: string): Record<string, unknown> | undefined {
  const fd = file.startsWith('/') ? opened(file) : undefined;
  if (fd === undefined) return undefined;
  try {
    if (fstatSync(fd).size > LONGEST_CONFIG) return undefined;
    const config: unknown = JSON.parse(readFileSync(fd, 'utf8'));
    return typeof config === 'object' && config !== null ? (config as Record<string, unknown>) : undefined;
  } catch {
    return undefined;
  } finally {
    closeSync(fd);
  }
}

function lastError(fd: number): string | undefined {
  const { size } = fstatSync(fd);
  const bytes = Buffer.alloc(Math.min(size, LONGEST_LOG));
  const read = readSync(fd, bytes, 0, bytes.length, Math.max(0, size - bytes.length));
  const lines = bytes.toString('utf8', 0, read).trim().split('\n');
  for (const line of lines.reverse()) {
    const message = messageOf(line);
    if (message) return message.slice(0, 1000);
  }
  return undefined;
}

function messageOf(line: string): string | undefined {
  try {
    const { level, msg } = JSON.parse(line) as { level?: unknown; msg?: unknown };
    return level === 'error' && typeof msg === 'string' ? msg : undefined;
  } catch {
    return undefined;
  }
}
