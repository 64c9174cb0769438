import type { ChildProcess } from 'node:child_process';
import { constants } from 'node:os';
import type { Layer } from '@underdock/trace';
import { spawn } from '../../children.ts';
import { programPath } from '../../programs.ts';
import type { Tell, Telling } from '../../run/tell.ts';

/** How a command that we started ended. */
export interface CommandEnd {
  exitCode: number;
  stdout: string;
  stderr: string;
}

/** What to run, and for which act. */
export interface CommandToRun {
  argv: string[];
  cwd?: string;
  env?: NodeJS.ProcessEnv;
  /** Descriptors for stdin, stdout and stderr of the command; without them its output is collected. */
  stdio?: [number, number, number];
  act: Telling;
  tell: Tell;
  layer: Layer;
  actor: string;
  container: string;
  /** Called as soon as the process exists. */
  spawned?(pid: number): void;
}

const MOST_OUTPUT = 64 * 1024;
const DRAIN_MS = 500;

/**
 * Runs a command to its end, watched as `tell.wrap` wants it, and tells that it was started. Rejects only when it could not be started at all: a bad exit
 * code is the caller's to judge.
 */
export function runCommand(work: CommandToRun): Promise<CommandEnd> {
  const argv = work.tell.wrap ? work.tell.wrap(work.argv) : work.argv;
  const [file = '', ...args] = argv;
  const program = programPath(file);
  return new Promise((resolve, reject) => {
    const child = spawn(program, args, {
      argv0: file,
      cwd: work.cwd,
      env: work.env ?? process.env,
      stdio: work.stdio ?? ['ignore', 'pipe', 'pipe'],
    });
    if (child.pid !== undefined) {
      work.tell.spawned(child.pid, work.act.span, work.layer, work.actor, work.container);
      work.spawned?.(child.pid);
    }
    const stdout = collect(child, 'stdout');
    const stderr = collect(child, 'stderr');
    child.once('error', reject);
    child.once('exit', (code, signal) => {
      const exitCode = code ?? 128 + (signal ? constants.signals[signal] : 0);
      const settle = () => resolve({ exitCode, stdout: stdout(), stderr: stderr() });
      // What it started may hold its output open for ever: the end of that is waited for, but not long.
      const late = setTimeout(settle, DRAIN_MS);
      child.once('close', () => {
        clearTimeout(late);
        settle();
      });
    });
  });
}

function collect(child: ChildProcess, stream: 'stdout' | 'stderr'): () => string {
  const chunks: Buffer[] = [];
  let bytes = 0;
  child[stream]?.on('data', (chunk: Buffer) => {
    if (bytes < MOST_OUTPUT) chunks.push(chunk);
    bytes += chunk.length;
  });
  return () => Buffer.concat(chunks).toString('utf8').slice(0, MOST_OUTPUT);
}
