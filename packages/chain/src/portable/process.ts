import { isObject } from './outside.ts';
import {
  filled,
  first,
  inBody,
  inConfig,
  option,
  positive,
  type Sources,
  told,
  wordList,
  yes,
} from './sources.ts';
import type { Portable, PortableVariable, Told } from './types.ts';

/** What stands in a trace in place of a secret. */
const REDACTED = /\[redacted\]/;
/** Engines set these by themselves. */
const OWN_NAMES = /^(PATH|HOME|HOSTNAME|TERM|container)$/;

type Process = Pick<
  Portable,
  'entrypoint' | 'args' | 'program' | 'env' | 'workdir' | 'user' | 'ids' | 'tty' | 'interactive'
>;

/** What is executed, as whom, where, with which variables. */
export function processOf(from: Sources): Process {
  const asked = <T>(name: string, flag: string, read: (value: unknown) => T | undefined) =>
    option(from, name, flag, read);
  return {
    ...argumentsOf(from),
    program: inConfig(from, 'process.args', wordList),
    env: askedVariables(from),
    workdir: first(
      asked('workdir', '--workdir', filled),
      !from.asked && inBody(from, 'WorkingDir', filled),
      onlyConfig(from) &&
        inConfig(from, 'process.cwd', (value) => (value === '/' ? undefined : filled(value))),
    ),
    user: first(
      asked('user', '--user', filled),
      !from.asked && inBody(from, 'User', filled),
      onlyConfig(from) && inConfig(from, 'process.user', userOf),
    ),
    ids: inConfig(from, 'process.user', idsOf),
    tty: first(asked('tty', '--tty', yes), inBody(from, 'Tty', yes), inConfig(from, 'process.terminal', yes)),
    interactive: first(asked('interactive', '--interactive', yes), inBody(from, 'OpenStdin', yes)),
  };
}

/** Nobody said anything but the runtime’s config. */
export function onlyConfig({ asked, seen }: Sources): boolean {
  return !asked && seen.bodies.length === 0;
}

function argumentsOf(from: Sources): Pick<Process, 'entrypoint' | 'args'> {
  const { asked } = from;
  if (asked) {
    const entrypoint = option(from, 'entrypoint', '--entrypoint', (value) =>
      typeof value === 'string' ? (value === '' ? [] : [value]) : wordList(value),
    );
    if (asked.command.length === 0) return { entrypoint };
    return { entrypoint, args: told(asked.command, 'COMMAND', asked.event) };
  }
  const entrypoint = inBody(from, 'Entrypoint', wordList);
  const args = inBody(from, 'Cmd', wordList);
  if (entrypoint || args) return { entrypoint, args };
  const program = inConfig(from, 'process.args', wordList);
  // The image’s own share can’t be told from it: all of it is said, and the image’s is taken away.
  return program ? { entrypoint: { ...program, value: [] }, args: program } : {};
}

function askedVariables(from: Sources): Told<PortableVariable>[] {
  const { asked } = from;
  const entries = wordList(asked?.options.env) ?? [];
  const read = entries.map((entry) => told(variableOf(entry), '--env', asked!.event));
  // The last one of a name counts.
  return read.filter(({ value }, i) => !read.slice(i + 1).some((later) => later.value.name === value.name));
}

/** Names that are known of the container, and nobody says whether the image set them. */
export function unsureNames(from: Sources): Told<readonly string[]> | undefined {
  if (from.asked) return undefined;
  const names = (value: unknown) => {
    const all = (wordList(value) ?? []).map((entry) => entry.split('=')[0]!);
    const own = all.filter((name) => !OWN_NAMES.test(name));
    return own.length > 0 ? own : undefined;
  };
  return first(inBody(from, 'Env', names), inConfig(from, 'process.env', names));
}

/** `NAME=value`; a value that was redacted is none. */
export function variableOf(entry: string): PortableVariable {
  const [name = '', value] = entry.split(/=(.*)/s, 2);
  return value === undefined || REDACTED.test(value) ? { name } : { name, value };
}

function idsOf(value: unknown): { uid: number; gid: number } | undefined {
  if (!isObject(value) || typeof value.uid !== 'number') return undefined;
  return { uid: value.uid, gid: typeof value.gid === 'number' ? value.gid : 0 };
}

function userOf(value: unknown): string | undefined {
  const ids = idsOf(value);
  return ids && positive(ids.uid + ids.gid) ? `${ids.uid}:${ids.gid}` : undefined;
}
