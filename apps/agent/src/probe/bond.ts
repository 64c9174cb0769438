import { readFileSync } from 'node:fs';
import { Socket } from 'node:net';
import { spawn } from '../children.ts';

// Reads pids until the agent is gone, however it went; then ends those that still are what they were.
const SCRIPT = `pids=; while read -r pid; do pids="$pids $pid"; done
for pid in $pids; do read -r name 2>/dev/null < "/proc/$pid/comm" && [ "$name" = strace ] && kill -KILL "$pid"; done`;

/** Makes straces end with the agent: they are nobody's children whose death would tell them. */
export interface Bond {
  /** The strace that traces `pid` will not outlive the agent. */
  bind(pid: number): void;
  /** Lets go: straces that still run are ended. */
  release(): void;
}

/** Starts a shell that waits for the agent's end at the other side of a pipe. */
export function startBond(): Bond {
  const shell = spawn('/bin/sh', ['-c', SCRIPT], { stdio: ['pipe', 'ignore', 'ignore'], detached: true });
  // A shell that could not be started, or is gone, binds nothing: the watch itself works all the same.
  shell.on('error', () => {});
  shell.stdin.on('error', () => {});
  shell.unref();
  if (shell.stdin instanceof Socket) shell.stdin.unref();
  return {
    bind: (pid) => {
      const tracer = tracerOf(pid);
      if (tracer > 0) shell.stdin.write(`${tracer}\n`);
    },
    release: () => shell.stdin.end(),
  };
}

function tracerOf(pid: number): number {
  try {
    return Number(/^TracerPid:\t(\d+)$/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1] ?? 0);
  } catch {
    return 0;
  }
}
