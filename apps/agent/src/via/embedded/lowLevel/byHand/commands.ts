import { spawn } from '../../../../children.ts';
import { programPath } from '../../../../programs.ts';
import type { Tell } from '../../../../run/tell.ts';
import { EmbeddedError } from '../../error.ts';
import { type Reach, type Step, stepArgv, stepText } from './step.ts';

/** On whose behalf commands run. */
export interface Telling {
  tell: Tell;
  cause: string | undefined;
  container: string | undefined;
}

const LIMIT_MS = 20_000;
const MOST_STDERR = 4000;

interface End {
  exitCode: number;
  stderr: string;
}

function runToEnd(
  argv: readonly string[],
  env: NodeJS.ProcessEnv,
  born: (pid: number) => void,
): Promise<End> {
  return new Promise((resolve, reject) => {
    const [file = '', ...args] = argv;
    const child = spawn(programPath(file), args, {
      argv0: file,
      stdio: ['ignore', 'ignore', 'pipe'],
      env,
      timeout: LIMIT_MS,
      killSignal: 'SIGKILL',
    });
    if (child.pid !== undefined) born(child.pid);
    let stderr = '';
    child.stderr.on('data', (bytes: Buffer) => {
      if (stderr.length < MOST_STDERR) stderr += bytes.toString('utf8');
    });
    child.once('error', reject);
    child.once('close', (code, signal) =>
      resolve({ exitCode: code ?? (signal === 'SIGKILL' ? 137 : 1), stderr: stderr.trim() }),
    );
  });
}

/** Commands speak English and find what an ordinary user's PATH lacks. */
export function commandEnvironment(folders: readonly string[]): NodeJS.ProcessEnv {
  return { PATH: folders.join(':'), LC_ALL: 'C.UTF-8', HOME: process.env.HOME ?? '/' };
}

/**
 * Runs one step and tells it as `low-level/command`; what its process does in the kernel has that act as its cause.
 * Rejects with EmbeddedError when it fails, unless the step is optional: then `low-level/absent` says what is missing.
 */
export async function runStep(
  step: Step,
  reach: Reach,
  about: Telling,
  env: NodeJS.ProcessEnv,
): Promise<void> {
  const argv = stepArgv(step, reach);
  const text = stepText(step, reach);
  const { tell, cause, container } = about;
  const told = { actor: { name: 'by-hand' }, ...(cause === undefined ? {} : { cause: [cause] }), container };
  const act = tell.begin('low-level/command', { argv, text, why: step.why }, told);
  try {
    const end = await runToEnd(tell.wrap ? tell.wrap(argv) : argv, env, (pid) =>
      tell.spawned(pid, act.span, 'low-level', 'by-hand', container),
    );
    if (end.exitCode === 0) {
      act.end(end.stderr === '' ? { exitCode: 0 } : { exitCode: 0, stderr: end.stderr });
      return;
    }
    const error = new EmbeddedError(
      'command-failed',
      `could not ${step.why}: ${end.stderr || `exit code ${end.exitCode}`}`,
      {
        remedy: `type it yourself to see more: ${text.slice(0, 300)}`,
      },
    );
    act.fail(error, { exitCode: end.exitCode, stderr: end.stderr });
    if (step.optional === undefined) throw error;
    tell.log('low-level/absent', { what: step.optional.what, why: end.stderr }, told);
  } catch (cause) {
    if (cause instanceof EmbeddedError) throw cause;
    const error = new EmbeddedError('command-failed', `can’t start ${argv[0]}: ${(cause as Error).message}`, {
      cause,
    });
    act.fail(error);
    throw error;
  }
}
