import { type ChildProcess, execFile } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { answerOf } from '../answers.ts';
import { spawn } from '../children.ts';
import { programPath } from '../programs.ts';
import { ProbeError } from './error.ts';
import { type Printed, readPrinted } from './lines.ts';
import type { Program, ProgramTarget } from './program.ts';

const run = promisify(execFile);

/** Compiling and loading takes some seconds on a small machine, minutes on an emulated one. */
const START_LIMIT_MS = Number(process.env.UNDERDOCK_PROBE_START_MS ?? 30_000);
// tracefs is mounted where it is not, in a mount namespace of the probe's own: the host stays as it is.
const IN_TRACEFS =
  'test -e /sys/kernel/tracing/events || test -e /sys/kernel/debug/tracing/events || mount -t tracefs tracefs /sys/kernel/tracing';
const PRIVATE = ['--pdeathsig', 'KILL', 'unshare', '--mount', '--propagation', 'private'];

// Both the names of 0.17 and those of 0.20 and later.
const SETTINGS = {
  BPFTRACE_STRLEN: '128',
  BPFTRACE_MAX_STRLEN: '128',
  BPFTRACE_MAP_KEYS_MAX: '16384',
  BPFTRACE_MAX_MAP_KEYS: '16384',
  BPFTRACE_PERF_RB_PAGES: '1024',
  BPFTRACE_LOG_SIZE: '4000000',
};

/** bpftrace's version as major and minor; throws ProbeError `no-tool` when it can't be run. */
export async function bpftraceVersion(): Promise<readonly [number, number]> {
  try {
    const { stdout } = await answerOf('bpftrace', ['--version']);
    const found = /v?(\d+)\.(\d+)/.exec(stdout);
    if (found) return [Number(found[1]), Number(found[2])];
    throw new Error(`bpftrace --version said: ${stdout.trim()}`);
  } catch (cause) {
    const absent = (cause as NodeJS.ErrnoException).code === 'ENOENT';
    const why = absent
      ? 'is not installed: apt-get install bpftrace'
      : 'does not say its version: try bpftrace --version';
    throw new ProbeError('no-tool', `bpftrace ${why}`, { cause });
  }
}

/** What the kernel's tracepoints look like: which exist, and the fields of one. */
export interface Tracepoints {
  has: (name: string) => boolean;
  hasField: (name: string, field: string) => boolean;
}

/** Asks tracefs for the tracepoints of some categories. Throws ProbeError when there is no tracefs to ask. */
export async function readTracepoints(categories: readonly string[]): Promise<Tracepoints> {
  const script = `${IN_TRACEFS}; cd /sys/kernel/tracing/events 2>/dev/null || cd /sys/kernel/debug/tracing/events || exit 1
for c in "$@"; do for f in "$c"/*/format; do test -r "$f" && echo "= $f" && grep 'field:' "$f"; done; done; true`;
  const formats = new Map<string, string>();
  try {
    const args = [...PRIVATE, 'sh', '-c', script, 'sh', ...categories];
    const { stdout } = await run(programPath('setpriv'), args, { maxBuffer: 16_000_000 });
    for (const part of stdout.split(/^= /m).slice(1)) {
      const [path = ''] = part.split('\n', 1);
      formats.set(path.split('/').slice(0, 2).join(':'), part);
    }
  } catch (cause) {
    throw new ProbeError('no-tracepoints', 'tracefs can’t be mounted: the kernel needs CONFIG_TRACING', {
      cause,
    });
  }
  return {
    has: (name) => formats.has(name),
    hasField: (name, field) => new RegExp(`[ *]${field}(\\[\\d*\\])?;`).test(formats.get(name) ?? ''),
  };
}

/** What a running probe is told of and tells. */
export interface ProbeOptions {
  program: Program;
  agentPid: number;
  /** Lets it probe addresses in stripped programs, which it can't check: who names them must have read them there. */
  unsafe?: boolean;
  onPrinted: (printed: Printed) => void;
  /** Called once when it ends without having been stopped. */
  onEnd: (error: ProbeError) => void;
}

/** A running bpftrace. It dies with the thread of the agent that started it, however that ends. */
export interface Probe {
  readonly pid: number;
  stop(): Promise<void>;
}

/** Starts bpftrace and resolves with the first heartbeat. Rejects with ProbeError and leaves nothing behind. */
export async function startProbe(options: ProbeOptions): Promise<Probe> {
  const folder = await mkdtemp(join(tmpdir(), 'underdock-probe-'));
  try {
    const file = join(folder, 'program.bt');
    await writeFile(file, options.program.text, { mode: 0o600 });
    const unsafe = options.unsafe ? '--unsafe' : '';
    const command = `${IN_TRACEFS}; exec bpftrace ${unsafe} -f json -B line "$1" "$2"`;
    const args = [...PRIVATE, 'sh', '-c', command, 'sh', file, String(options.agentPid)];
    const child = spawn(programPath('setpriv'), args, {
      env: { ...process.env, ...SETTINGS },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    return await watched(child, options);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

function watched(child: ChildProcess, options: ProbeOptions): Promise<Probe> {
  return new Promise((resolve, reject) => {
    let life: 'starting' | 'running' | 'stopped' = 'starting';
    let errors = '';
    const ended = new Promise<void>((done) => child.once('close', () => done()));
    const stop = async () => {
      life = 'stopped';
      child.kill('SIGKILL');
      await ended;
    };
    const limit = setTimeout(() => {
      if (life !== 'starting') return;
      void stop();
      reject(
        new ProbeError('silent', `bpftrace said nothing for ${START_LIMIT_MS / 1000} s: ${lastLine(errors)}`),
      );
    }, START_LIMIT_MS);
    child.stderr?.setEncoding('utf8').on('data', (text: string) => {
      errors = (errors + text).slice(-4000);
    });
    child.once('error', (cause) => {
      clearTimeout(limit);
      if (life === 'starting')
        reject(new ProbeError('no-tool', 'setpriv is not installed: it comes with util-linux', { cause }));
    });
    child.once('close', (code, signal) => {
      clearTimeout(limit);
      const error = new ProbeError('ended', `bpftrace ended (${signal ?? code}): ${lastLine(errors)}`);
      if (life === 'starting') reject(error);
      if (life === 'running') options.onEnd(error);
    });
    if (!child.stdout) return;
    readLines(child.stdout.setEncoding('latin1'), (text) => {
      const printed = readPrinted(text);
      if (life === 'starting' && printed.is === 'line' && printed.line.letter === 't') {
        life = 'running';
        clearTimeout(limit);
        resolve({ pid: child.pid ?? 0, stop });
      }
      options.onPrinted(printed);
    });
  });
}

function readLines(stream: NodeJS.ReadableStream, onLine: (text: string) => void): void {
  let rest = '';
  stream.on('data', (chunk: string) => {
    const lines = (rest + chunk).split('\n');
    rest = lines.pop() ?? '';
    for (const line of lines) if (line !== '') onLine(line);
  });
}

function lastLine(text: string): string {
  const lines = text.split('\n').filter((line) => line.trim() !== '' && !line.includes('RLIMIT_MEMLOCK'));
  return (lines.find((line) => line.includes('ERROR')) ?? lines.at(-1) ?? 'it gave no reason').slice(0, 300);
}

export type { ProgramTarget };
