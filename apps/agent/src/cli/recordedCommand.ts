import { accessSync, constants, mkdtempSync, rmSync, statSync, symlinkSync } from 'node:fs';
import { constants as system, tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { RECORDER } from '@underdock/weave';
import { spawn } from '../children.ts';
import { AgentError } from '../error.ts';

/** What a command that is to be recorded is started with. */
export interface RecordedCommand {
  command: readonly string[];
  /** The recording’s id. */
  id: string;
  wrap(argv: readonly string[]): string[];
  cwd: string;
  env: Record<string, string | undefined>;
}

/** What a terminal tells all of its programs at once, this one too: the command hears it and decides. */
const FROM_THE_TERMINAL = ['SIGINT', 'SIGQUIT'] as const;
const PASSED_ON = ['SIGTERM', 'SIGHUP', 'SIGUSR1', 'SIGUSR2', 'SIGWINCH'] as const;

/** Throws AgentError with exit code 127 or 126 when there is no such program: before anything is recorded. */
export function checkProgram(program: string, { cwd, env }: Pick<RecordedCommand, 'cwd' | 'env'>): void {
  const folders = program.includes('/') ? [''] : (env.PATH ?? '').split(':');
  const files = folders.map((folder) => (folder === '' ? resolve(cwd, program) : join(folder, program)));
  const there = files.filter((file) => may(file, constants.F_OK));
  if (there.some((file) => may(file, constants.X_OK))) return;
  const what = there.length > 0 ? `${program} may not be run` : `there is no command ${program}`;
  throw new AgentError('no-command', what, {
    remedy: 'write the command as you would type it: underdock record -- docker run nginx',
    exitCode: there.length > 0 ? 126 : 127,
  });
}

/** A folder of PATH that this user may not enter is passed over, as a shell does. */
function may(file: string, mode: number): boolean {
  try {
    accessSync(file, mode);
    return statSync(file).isFile();
  } catch {
    return false;
  }
}

/**
 * Runs the command on this terminal, as if nobody stood between: its streams are ours. It starts as a shell by the recorder's
 * name, which becomes the command: so the probe in the kernel knows it from its first instruction, and all that descends
 * from it. Resolves with its exit code, 128 + signal.
 */
export async function runRecorded(recorded: RecordedCommand): Promise<number> {
  const folder = mkdtempSync(join(tmpdir(), 'ud-'));
  const link = join(folder, RECORDER);
  symlinkSync('/bin/sh', link);
  const [file = link, ...args] = recorded.wrap([link, '-c', 'exec "$@"', recorded.id, ...recorded.command]);
  const { cwd, env } = recorded;
  try {
    return await new Promise((end, fail) => {
      const child = spawn(file, args, {
        cwd,
        env,
        stdio: 'inherit',
        ...(file === link ? { argv0: 'sh' } : {}),
      });
      const deaf = () => {};
      const pass = (signal: NodeJS.Signals) => child.kill(signal);
      for (const signal of FROM_THE_TERMINAL) process.on(signal, deaf);
      for (const signal of PASSED_ON) process.on(signal, pass);
      child.once('error', fail);
      child.once('exit', (code, signal) => {
        for (const one of FROM_THE_TERMINAL) process.off(one, deaf);
        for (const one of PASSED_ON) process.off(one, pass);
        end(code ?? 128 + (signal ? system.signals[signal] : 0));
      });
    });
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}
