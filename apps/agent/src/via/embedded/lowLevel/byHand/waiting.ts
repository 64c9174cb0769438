import type { ChildProcess } from 'node:child_process';
import { closeSync, constants, openSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { spawn } from '../../../../children.ts';
import { programPath } from '../../../../programs.ts';
import { EmbeddedError } from '../../error.ts';
import type { Stdio } from '../runtime.ts';
import { type Beginning, beginningText } from './beginning.ts';
import type { Telling } from './commands.ts';
import { type Reach, shellQuote } from './step.ts';

const LIMIT_MS = 20_000;
const LOOK_EVERY_MS = 5;
/** The process closes our pipe just before it writes its number. */
const GRACE_MS = 500;

const WHY = 'join the cgroups, then make new namespaces with a first process in them that waits on the pipe';

/** The number that the waiting process wrote down, once the line is whole. */
export async function writtenPid(work: string): Promise<number | undefined> {
  const text = await readFile(path.join(work, 'pid'), 'utf8').catch(() => '');
  return /^\d+\n$/.test(text) ? Number(text) : undefined;
}

interface Ended {
  exitCode?: number;
  closed: boolean;
  stderr: string;
  error?: Error;
}

function follow(child: ChildProcess): Ended {
  const ended: Ended = { closed: false, stderr: '' };
  child.stderr?.on('data', (bytes: Buffer) => {
    ended.stderr += bytes.toString('utf8').slice(0, 4000);
  });
  child.once('error', (error) => {
    ended.error = error;
  });
  child.once('exit', (code) => {
    ended.exitCode = code ?? 137;
  });
  child.once('close', () => {
    ended.closed = true;
  });
  return ended;
}

async function untilWritten(work: string, ended: Ended): Promise<number> {
  const deadline = performance.now() + LIMIT_MS;
  let graceEnd = Number.POSITIVE_INFINITY;
  for (;;) {
    const pid = await writtenPid(work);
    if (pid !== undefined) return pid;
    const now = performance.now();
    if (ended.closed) graceEnd = Math.min(graceEnd, now + GRACE_MS);
    if (ended.error || (ended.exitCode ?? 0) !== 0 || now > Math.min(deadline, graceEnd)) break;
    await sleep(LOOK_EVERY_MS);
  }
  const said = ended.error?.message ?? (ended.stderr.trim() || `exit code ${ended.exitCode ?? 'none yet'}`);
  throw new EmbeddedError('command-failed', `could not make the namespaces: ${said}`, {
    cause: ended.error,
    remedy: 'check that this user may make namespaces: underdock doctor',
  });
}

/** Descriptors 3, 4 and 5 are the container's; 1 and 2 are ours, for what the commands themselves have to say. */
function openStreams(stdio: Stdio): {
  fds: [number | 'ignore', 'pipe', 'pipe', number, number, number];
  close(): void;
} {
  if (stdio.console === undefined) {
    return { fds: ['ignore', 'pipe', 'pipe', stdio.stdin, stdio.stdout, stdio.stderr], close() {} };
  }
  const slave = openSync(stdio.console.path, constants.O_RDWR | constants.O_NOCTTY);
  return { fds: [slave, 'pipe', 'pipe', slave, slave, slave], close: () => closeSync(slave) };
}

/** Starts the first process and resolves with its host pid once it waits. Tells it as one `low-level/command`. */
export async function startWaiting(
  beginning: Beginning,
  stdio: Stdio,
  about: Telling,
  wrap: Reach['wrap'],
  env: NodeJS.ProcessEnv,
): Promise<number> {
  const text = beginningText(beginning, shellQuote, shellQuote);
  const plain = ['sh', '-c', text];
  const argv = wrap ? wrap(plain) : plain;
  const { tell, cause, container } = about;
  const act = tell.begin(
    'low-level/command',
    { argv, text, why: WHY },
    { actor: { name: 'by-hand' }, ...(cause === undefined ? {} : { cause: [cause] }), container },
  );
  const streams = openStreams(stdio);
  try {
    const [file = '', ...args] = tell.wrap ? tell.wrap(argv) : argv;
    const child = spawn(programPath(file), args, { argv0: file, stdio: streams.fds, env });
    if (child.pid !== undefined) tell.spawned(child.pid, act.span, 'low-level', 'by-hand', container);
    const pid = await untilWritten(beginning.work, follow(child));
    act.end({ exitCode: 0, pid });
    return pid;
  } catch (error) {
    act.fail(error);
    throw error;
  } finally {
    streams.close();
  }
}
