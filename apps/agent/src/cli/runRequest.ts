import { readFileSync, statSync } from 'node:fs';
import { dirname, resolve } from 'node:path';
import { type RunRequest, runRequestSchema } from '@underdock/trace';
import { AgentError } from '../error.ts';
import type { RunFlags } from './runFlags.ts';

/** Where a command line stands: its environment and working directory matter to `-e KEY` and `-v ./dir`. */
export interface Surroundings {
  env: Record<string, string | undefined>;
  cwd: string;
}

/** The request that flags mean. Throws AgentError `bad-flag` that names the flag, `bad-env-file`. */
export function requestFrom(
  image: string | undefined,
  command: string[],
  flags: RunFlags,
  around: Surroundings,
): RunRequest {
  const { envFile, record: _record, json: _json, state: _state, quiet: _quiet, ...rest } = flags;
  const env = [...envFile.flatMap((file) => readEnvFile(file, around)), ...flags.env];
  const parsed = runRequestSchema.safeParse({
    ...rest,
    // There it is the path of a compose file.
    image: flags.via === 'compose' && image !== undefined ? resolve(around.cwd, image) : image,
    command,
    env: env.flatMap((entry) => resolveEnv(entry, around)),
    ...(flags.bundle === undefined ? {} : { bundle: resolve(around.cwd, flags.bundle) }),
    ...(flags.config === undefined ? {} : { config: readText('--config', flags.config, around) }),
    volume: flags.volume.map((volume) => resolveVolume(volume, around)),
    ...(flags.socket === undefined
      ? {}
      : { socket: resolve(around.cwd, flags.socket.replace(/^unix:\/\//, '')) }),
  });
  if (parsed.success) return parsed.data;
  const issue = parsed.error.issues[0];
  const field = String(issue?.path[0] ?? '');
  const name = field === 'image' || field === 'command' ? field.toUpperCase() : `--${hyphens(field)}`;
  throw new AgentError('bad-flag', `${name}: ${issue?.message}`, { remedy: 'see underdock run --help' });
}

/** The folder that --record FILE leads to must be there before anything starts. Throws AgentError `bad-record`. */
export function checkRecord(file: string | undefined): void {
  if (file === undefined) return;
  const folder = dirname(resolve(file));
  if (!isDirectory(folder)) {
    throw new AgentError('bad-record', `--record ${file}: there is no folder ${folder}`, {
      remedy: `make it first: mkdir -p ${folder}`,
    });
  }
  if (isDirectory(resolve(file))) {
    throw new AgentError('bad-record', `--record ${file} is a folder`, { remedy: 'give the name of a file' });
  }
}

function isDirectory(path: string): boolean {
  return statSync(path, { throwIfNoEntry: false })?.isDirectory() ?? false;
}

/** As docker has it: KEY alone takes the caller's value, and is left out where the caller has none. */
function resolveEnv(entry: string, { env }: Surroundings): string[] {
  if (entry.startsWith('=') || entry === '') {
    throw new AgentError('bad-flag', `--env ${entry}: a variable needs a name`, {
      remedy: 'write KEY=value or KEY',
    });
  }
  if (entry.includes('=')) return [entry];
  const value = env[entry];
  return value === undefined ? [] : [`${entry}=${value}`];
}

function readText(flag: string, file: string, around: Surroundings): string {
  try {
    return readFileSync(resolve(around.cwd, file), 'utf8');
  } catch (cause) {
    const code = (cause as NodeJS.ErrnoException).code;
    throw new AgentError(`bad-${flag.slice(2)}`, `${flag} ${file} can't be read (${code})`, {
      remedy: 'check its path and rights',
      cause,
    });
  }
}

function readEnvFile(file: string, around: Surroundings): string[] {
  const text = readText('--env-file', file, around);
  // Docker's format: one KEY=value a line, # begins a comment line, nothing is quoted.
  const lines = text.replace(/^\uFEFF/, '').split(/\r?\n/);
  return lines.map((line) => line.trimStart()).filter((line) => line !== '' && !line.startsWith('#'));
}

/** Docker's client resolves `./dir` and `../dir`; a bare name stays a name. */
function resolveVolume(volume: string, { cwd }: Surroundings): string {
  const [source = '', ...rest] = volume.split(':');
  return /^\.\.?(\/|$)/.test(source) ? [resolve(cwd, source), ...rest].join(':') : volume;
}

function hyphens(name: string): string {
  return name.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`);
}
