import { execFileSync } from 'node:child_process';
import { constants, mkdtempSync, openSync, rmSync } from 'node:fs';
import { Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { answerOf } from '../answers.ts';
import { programPath } from '../programs.ts';
import type { Bond } from './bond.ts';
import { ProbeError } from './error.ts';
import { STRACE_CALLS } from './straceCalls.ts';

// -D: strace is the command's grandchild, so that the spawned pid is the command's own and its parent can wait for it.
// Numbers are raw: they are decoded in one place. 512 bytes of a string suffice for a path.
const FLAGS = '-D -f -q -ttt -T -y -X raw --decode-pids=comm,pidns -s 512 -e signal=none';

/** Throws ProbeError `no-tool` when there is no strace of version 5.13 or later, which names processes in its lines. */
export async function checkStrace(): Promise<void> {
  let version: RegExpExecArray | null = null;
  try {
    const { stdout } = await answerOf('strace', ['--version']);
    version = /version (\d+)\.(\d+)/.exec(stdout);
  } catch (cause) {
    throw new ProbeError('no-tool', 'strace is not installed: apt-get install strace', { cause });
  }
  const [major, minor] = [Number(version?.[1]), Number(version?.[2])];
  if (!(major > 5 || (major === 5 && minor >= 13))) {
    const why = `strace ${major}.${minor} is too old: 5.13 or later is needed`;
    throw new ProbeError('no-tool', why);
  }
}

/** One command that strace stands in front of. */
export interface Straced {
  argv: string[];
  /** Stops reading; strace itself ends when it next has something to say, and lets go of what it traced. */
  close(): void;
}

/**
 * Puts strace in front of a command. Its lines go through a FIFO of their own, so that those of two commands never mix,
 * and nobody but us can read them.
 */
export function straced(argv: readonly string[], onLine: (text: string) => void, bond: Bond): Straced {
  const folder = mkdtempSync(join(tmpdir(), 'underdock-strace-'));
  const fifo = join(folder, 'lines');
  execFileSync(programPath('mkfifo'), ['-m', '600', fifo]);
  // Open for writing too: so reading never meets an end before strace has begun.
  const fd = openSync(fifo, constants.O_RDWR | constants.O_NONBLOCK);
  const socket = new Socket({ fd, readable: true, writable: false });
  let rest = '';
  let begun = false;
  socket.setEncoding('latin1').on('data', (chunk: string) => {
    const lines = (rest + chunk).split('\n');
    rest = lines.pop() ?? '';
    if (lines[0] !== undefined && !begun) begin(Number.parseInt(lines[0], 10));
    for (const line of lines) if (line !== '') onLine(line);
  });
  const remove = () => rmSync(folder, { recursive: true, force: true });
  // Once both sides are open the FIFO's name is of no more use.
  const begin = (pid: number) => {
    begun = true;
    bond.bind(pid);
    remove();
  };
  const close = () => {
    socket.destroy();
    remove();
  };
  const command = ['strace', ...FLAGS.split(' '), '-e', `trace=${STRACE_CALLS.join(',')}`, '-o', fifo, '--'];
  return { argv: [...command, ...argv], close };
}
