import type { ChildProcess } from 'node:child_process';
import { closeSync, openSync, readFileSync } from 'node:fs';
import { setTimeout as pause } from 'node:timers/promises';
import { spawn } from '../children.ts';
import { AgentError } from '../error.ts';
import { programPath } from '../programs.ts';

/** A daemon of our own: it dies with this process, however that dies. */
export interface DaemonProcess {
  name: string;
  pid: number;
  /** Resolves when it has ended, with how. */
  ended: Promise<string>;
  /** SIGTERM, and SIGKILL after `graceMs`. Resolves when it is gone. */
  stop(graceMs?: number): Promise<void>;
}

/** What a daemon is started with. */
export interface DaemonStart {
  name: string;
  argv: readonly string[];
  /** File for what it prints, emptied first. */
  log: string;
  env?: Record<string, string>;
  /** Resolves once it answers; rejects as long as it does not. */
  ready: () => Promise<unknown>;
  /** After this long without an answer it is given up (ms). */
  limitMs: number;
}

const TRY_MS = 50;
const LOG_TAIL = 600;

/** Starts a daemon and waits until it answers. Rejects with AgentError `daemon-failed` that quotes its last words. */
export async function startDaemon(start: DaemonStart): Promise<DaemonProcess> {
  const { name, argv, log, env = {} } = start;
  const out = openSync(log, 'w', 0o600);
  // KILL: what is left then is known to be left, and is taken apart at the next start.
  const words = ['--pdeathsig', 'KILL', '--', ...argv];
  let child: ChildProcess;
  try {
    child = spawn(programPath('setpriv'), words, {
      stdio: ['ignore', out, out],
      env: { ...process.env, ...env },
      detached: true,
    });
  } finally {
    closeSync(out);
  }
  const ended = endOf(child);
  const daemon: DaemonProcess = {
    name,
    pid: child.pid ?? 0,
    ended,
    stop: (graceMs = 15_000) => stop(child, ended, graceMs),
  };
  await untilReady(start, daemon).catch(async (error: unknown) => {
    await daemon.stop(2000);
    throw error;
  });
  return daemon;
}

function endOf(child: ChildProcess): Promise<string> {
  return new Promise((resolve) => {
    child.once('error', (error) => resolve(error.message));
    child.once('exit', (code, signal) => resolve(signal ?? `exit code ${code}`));
  });
}

async function untilReady({ name, log, ready, limitMs }: DaemonStart, daemon: DaemonProcess): Promise<void> {
  let end: string | undefined;
  void daemon.ended.then((how) => {
    end = how;
  });
  const until = performance.now() + limitMs;
  for (;;) {
    const works = await ready().then(
      () => true,
      () => false,
    );
    if (works) return;
    const why = end ?? (performance.now() > until ? `no answer for ${limitMs / 1000} s` : undefined);
    if (why !== undefined) throw failed(name, why, log);
    await pause(TRY_MS);
  }
}

function failed(name: string, why: string, log: string): AgentError {
  const words = tailOf(log);
  const said = words ? `: ${words}` : '';
  return new AgentError('daemon-failed', `underdock’s own ${name} did not come up (${why})${said}`, {
    remedy: `look at ${log}`,
  });
}

function tailOf(log: string): string {
  try {
    return readFileSync(log, 'utf8').trim().split('\n').slice(-3).join(' ').slice(-LOG_TAIL);
  } catch {
    return '';
  }
}

async function stop(child: ChildProcess, ended: Promise<string>, graceMs: number): Promise<void> {
  child.kill('SIGTERM');
  const timer = setTimeout(() => child.kill('SIGKILL'), graceMs);
  await ended;
  clearTimeout(timer);
}
