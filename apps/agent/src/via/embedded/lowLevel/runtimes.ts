import { basename, join } from 'node:path';
import { answerOf } from '../../../answers.ts';
import { findProgram } from '../../../programs.ts';
import { describeError } from '../../../run/error.ts';
import type { HostAbilities } from '../bundle/host.ts';
import { EmbeddedError } from '../error.ts';
import type { UserNamespace } from '../userNamespace.ts';
import { createOciCli } from './ociCli.ts';
import type { LowLevelRuntime } from './runtime.ts';

/** A low-level runtime that was looked for. */
export interface FoundRuntime {
  name: string;
  /** Absent when the program is not there. */
  path?: string;
  version?: string;
  /** Why it can't be used here, in words; absent when it can. */
  why?: string;
  remedy?: string;
}

/** The low-level runtimes of this host, best first, and how to get at one. */
export interface Runtimes {
  found: readonly FoundRuntime[];
  /**
   * The runtime of this name, or at this path; the best one by default; inside `namespace` for an ordinary user. Rejects with
   * EmbeddedError `unknown-runtime` or `unusable-runtime`.
   */
  choose(wanted?: string, namespace?: UserNamespace): Promise<LowLevelRuntime>;
}

/** What looking for runtimes needs. */
export interface RuntimesOptions {
  stateDir: string;
  host: HostAbilities;
  /** Opens the runtime that is no program; it rejects where its tools are missing. Tried after the programs. */
  byHand: (namespace?: UserNamespace) => Promise<LowLevelRuntime>;
  path?: string;
}

const PROGRAMS = ['runc', 'crun'];

/** Looks for runc and crun in PATH. Never rejects: what is missing is said in `found`. */
export async function findRuntimes(options: RuntimesOptions): Promise<Runtimes> {
  const programs = await Promise.all(PROGRAMS.map((name) => look(name, options)));
  const found: FoundRuntime[] = [...programs, await lookByHand(options)];
  const choose = async (wanted?: string, namespace?: UserNamespace): Promise<LowLevelRuntime> => {
    const one = wanted?.includes('/') ? await look(wanted, options) : pick(found, wanted);
    if (one.why !== undefined) throw unusable(one, found);
    return one.path === undefined
      ? options.byHand(namespace)
      : createRuntime(one, one.path, options, namespace);
  };
  return { found, choose };
}

async function lookByHand({ byHand }: RuntimesOptions): Promise<FoundRuntime> {
  try {
    const { name, version } = await byHand();
    return { name, version };
  } catch (error) {
    const { message, remedy } = describeError(error);
    return { name: 'by-hand', why: message, ...(remedy ? { remedy } : {}) };
  }
}

function pick(found: readonly FoundRuntime[], wanted: string | undefined): FoundRuntime {
  const one = wanted === undefined ? found.find(({ why }) => why === undefined) : named(found, wanted);
  if (one) return one;
  if (wanted === undefined) {
    throw new EmbeddedError('no-runtime', 'no low-level runtime can be used on this host', {
      remedy: found
        .map(({ name, why, remedy }) => `${name}: ${why}${remedy ? ` (${remedy})` : ''}`)
        .join('; '),
    });
  }
  throw new EmbeddedError('unknown-runtime', `there is no low-level runtime ${wanted}`, {
    remedy: `choose ${usable(found)}, or give the full path of an OCI runtime`,
  });
}

function named(found: readonly FoundRuntime[], wanted: string): FoundRuntime | undefined {
  return found.find(({ name }) => name === wanted);
}

function unusable(one: FoundRuntime, found: readonly FoundRuntime[]): EmbeddedError {
  return new EmbeddedError('unusable-runtime', `${one.name} can’t be used here: ${one.why}`, {
    remedy: [one.remedy, `choose ${usable(found)} instead`].filter(Boolean).join(', or '),
  });
}

function usable(found: readonly FoundRuntime[]): string {
  const names = found.filter(({ why }) => why === undefined).map(({ name }) => name);
  return names.length > 0 ? names.join(', ') : 'another host (no runtime can be used on this one)';
}

async function look(
  wanted: string,
  { host, path = process.env.PATH ?? '' }: RuntimesOptions,
): Promise<FoundRuntime> {
  const name = basename(wanted);
  const file = findProgram(wanted, path);
  if (!file) {
    return { name, why: 'it is not installed', remedy: `install it: apt-get install ${name}` };
  }
  const version = await versionOf(file);
  if (version === undefined) {
    return {
      name,
      path: file,
      why: `${file} does not answer --version`,
      remedy: 'check that it is an OCI runtime',
    };
  }
  const refused = name === 'crun' ? crunRefuses(host) : undefined;
  return { name, path: file, version, ...refused };
}

function crunRefuses(host: HostAbilities): { why: string; remedy: string } | undefined {
  if (host.cgroup.layout !== 'hybrid' || host.root) return undefined;
  return {
    why: 'crun refuses hybrid cgroups, and an ordinary user can’t hide the v2 hierarchy from it',
    remedy: 'run as root, or on a host with cgroups v2 alone',
  };
}

async function versionOf(file: string): Promise<string | undefined> {
  try {
    const { stdout } = await answerOf(file, ['--version']);
    return /\d+(?:\.\d+)+[\w.+~-]*/.exec(stdout)?.[0];
  } catch {
    return undefined;
  }
}

function createRuntime(
  one: FoundRuntime,
  path: string,
  { stateDir, host }: RuntimesOptions,
  namespace: UserNamespace | undefined,
): LowLevelRuntime {
  const hide =
    one.name === 'crun' && host.cgroup.layout === 'hybrid' ? host.cgroup.mounts.unified : undefined;
  return createOciCli({
    name: one.name,
    path,
    version: one.version ?? '',
    root: join(stateDir, 'runtime', one.name),
    ...(hide ? { hideUnified: hide } : {}),
    ...(namespace ? { inside: (argv: string[]) => namespace.wrap(argv) } : {}),
  });
}
