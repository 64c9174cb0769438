import path from 'node:path';
import type { RunRequest } from '@underdock/trace';
import { EmbeddedError } from '../error.ts';
import type { ImageConfig } from './imageConfig.ts';
import type { Origins } from './provenance.ts';

const DEFAULT_PATH = '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin';

/**
 * The command line: --entrypoint replaces the image's Entrypoint and clears its Cmd, a command replaces Cmd, an empty
 * --entrypoint means none. Throws EmbeddedError when nothing is left to run.
 */
export function buildArgs(
  request: Pick<RunRequest, 'command' | 'entrypoint'>,
  image: ImageConfig,
  origins: Origins,
): string[] {
  const own = request.entrypoint !== undefined;
  const entrypoint = own ? [request.entrypoint!].filter((word) => word !== '') : (image.Entrypoint ?? []);
  const asked = request.command.length > 0;
  const command = asked ? request.command : own ? [] : (image.Cmd ?? []);
  const args = [...entrypoint, ...command];
  if (args.length === 0) {
    throw new EmbeddedError('no-command', 'neither the image nor the command line says what to run', {
      remedy: 'add a command after the image, such as: underdock run IMAGE /bin/sh',
    });
  }
  if (entrypoint.length > 0) {
    origins.add(own ? 'flag' : 'image', own ? '--entrypoint' : 'Entrypoint', 'process.args', entrypoint);
  }
  if (command.length > 0)
    origins.add(asked ? 'flag' : 'image', asked ? 'COMMAND' : 'Cmd', 'process.args', command);
  return args;
}

/** What every environment begins with. */
export interface EnvDefaults {
  hostname: string;
  home: string;
  tty: boolean;
}

const nameOf = (entry: string): string => entry.split('=', 1)[0]!;

/**
 * The environment in docker's order: PATH, HOSTNAME and, with a terminal, TERM; then what the flags say, then what the
 * image says and no flag replaces; HOME from the passwd file at the end unless it is set. `NAME` without `=` takes a
 * variable away. A name occurs once; the last word on it counts.
 */
export function buildEnv(
  request: Pick<RunRequest, 'env'>,
  image: ImageConfig,
  defaults: EnvDefaults,
  origins: Origins,
): string[] {
  const broken = request.env.find((entry) => nameOf(entry) === '');
  if (broken !== undefined) {
    throw new EmbeddedError('bad-env', `--env ${JSON.stringify(broken)} has no name`, {
      remedy: 'write it as NAME=value',
    });
  }
  const merged = new Map<string, { text: string | undefined; from: 'flag' | 'image' | 'default' }>();
  const set = (text: string, from: 'flag' | 'image' | 'default'): void => {
    merged.set(nameOf(text), { text: text.includes('=') ? text : undefined, from });
  };
  set(`PATH=${DEFAULT_PATH}`, 'default');
  set(`HOSTNAME=${defaults.hostname}`, 'default');
  if (defaults.tty) set('TERM=xterm', 'default');
  for (const entry of request.env) set(entry, 'flag');
  const chosen = new Set(request.env.map(nameOf));
  for (const entry of image.Env ?? []) {
    if (entry.includes('=') && !chosen.has(nameOf(entry))) set(entry, 'image');
  }
  if (merged.get('HOME')?.text === undefined && !chosen.has('HOME')) set(`HOME=${defaults.home}`, 'default');
  const env: string[] = [];
  for (const [name, { text, from }] of merged) {
    if (text === undefined) continue;
    env.push(text);
    // The value stays out of the provenance: it may be a secret.
    origins.add(from, from === 'flag' ? '--env' : from === 'image' ? 'Env' : name, 'process.env', name);
  }
  return env;
}

/** The working folder: --workdir, else the image's (a relative one counts from /), else /. */
export function buildCwd(request: Pick<RunRequest, 'workdir'>, image: ImageConfig, origins: Origins): string {
  const from = request.workdir !== undefined ? 'flag' : image.WorkingDir ? 'image' : 'default';
  const text = request.workdir ?? (image.WorkingDir || '/');
  const cwd = path.posix.join('/', text);
  origins.add(from, from === 'image' ? 'WorkingDir' : '--workdir', 'process.cwd', cwd);
  return cwd.length > 1 ? cwd.replace(/\/$/, '') : cwd;
}
