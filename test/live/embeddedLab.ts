import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type RunRequestInput, runRequestSchema, type TraceEvent, verifyTrace } from '@underdock/trace';
import type { KernelWatch } from '../../apps/agent/src/layers/watcher.ts';
import { type OpenedRuns, type OpenRunsOptions, openRuns } from '../../apps/agent/src/run/openRuns.ts';
import type { Run } from '../../apps/agent/src/run/runs.ts';

/** A run that has ended. */
export interface Ended {
  run: Run;
  exitCode: number;
  error: { code: string; message: string; remedy?: string } | undefined;
  stdout: string;
  stderr: string;
  events: readonly TraceEvent[];
  verdict: Awaited<ReturnType<typeof verifyTrace>>;
}

/** A run that is under way, and what it has said so far. */
export interface Going {
  run: Run;
  stdout(): string;
  stderr(): string;
  /** Resolves once stdout or stderr holds the text. */
  says(text: string): Promise<void>;
  /** Resolves once the run is in that state. */
  becomes(state: string): Promise<void>;
  /** Resolves with the first event of this step and type. */
  tells(step: string, type: TraceEvent['type']): Promise<TraceEvent>;
  ended(): Promise<Ended>;
}

/** An agent's runs in a state directory of their own. */
export interface Lab {
  opened: OpenedRuns;
  stateDir: string;
  start(request: Partial<RunRequestInput>): Promise<Going>;
  run(request: Partial<RunRequestInput>): Promise<Ended>;
  close(): Promise<void>;
}

/** In place of the kernel's watcher, which takes seconds to load, where a test is not about what it sees. */
export const watchNothing: KernelWatch = {
  layer: 'kernel',
  name: 'none',
  state: { layer: 'kernel', name: 'none', state: 'missing', why: 'not started by this test' },
  start: async () => watchNothing.state,
  follow: () => () => {},
  settle: async () => true,
  stop: async () => {},
  wrap: (argv) => [...argv],
};

/** Opens real runs: real kernel, real runtimes, the starter image from our own registry. */
export async function openLab(options: Partial<OpenRunsOptions> = {}): Promise<Lab> {
  if (process.geteuid?.() !== 0) throw new Error('live tests make containers: run them as root');
  const stateDir = options.stateDir ?? mkdtempSync(join(tmpdir(), 'underdock-live-'));
  const opened = await openRuns({ allowedMounts: [], ...options, stateDir });
  const start = async (request: Partial<RunRequestInput>) => {
    const whole = runRequestSchema.parse({ image: 'starter', via: 'embedded', ...request });
    return follow(await opened.runs.start(whole, 'cli'));
  };
  return {
    opened,
    stateDir,
    start,
    run: async (request) => (await start(request)).ended(),
    async close() {
      await opened.close();
      rmSync(stateDir, { recursive: true, force: true });
    },
  };
}

function follow(run: Run): Going {
  const said = { stdout: [] as Buffer[], stderr: [] as Buffer[] };
  run.attach((stream, bytes) => said[stream].push(Buffer.from(bytes)));
  const stdout = () => Buffer.concat(said.stdout).toString();
  const stderr = () => Buffer.concat(said.stderr).toString();
  return {
    run,
    stdout,
    stderr,
    says: (text) => until(run, `to say ${text}`, () => (stdout() + stderr()).includes(text)),
    becomes: (state) => until(run, `to become ${state}`, () => run.summary().state === state),
    async tells(step, type) {
      const find = () => run.events.find((event) => event.step === step && event.type === type);
      await until(run, `to tell ${type} of ${step}`, () => find() !== undefined);
      return find()!;
    },
    async ended() {
      const { exitCode, error } = await run.done;
      const verdict = await verifyTrace([readFileSync(run.file, 'utf8')]);
      return { run, exitCode, error, stdout: stdout(), stderr: stderr(), events: run.events, verdict };
    },
  };
}

async function until(run: Run, what: string, holds: () => boolean): Promise<void> {
  const limit = Date.now() + 30_000;
  while (!holds()) {
    if (run.closed && !holds()) throw new Error(`run ${run.id} ended while it was expected ${what}`);
    if (Date.now() > limit) throw new Error(`waited too long for run ${run.id} ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
}

/** What containers could leave behind on the host: mounts, cgroups of ours, processes below a state directory. */
export function leftOnHost(stateDir: string): string[] {
  const mounts = readFileSync('/proc/self/mountinfo', 'utf8')
    .split('\n')
    .filter((line) => line.includes(stateDir))
    .map((line) => `mount ${line.split(' ')[4]}`);
  const runs = namesIn(join(stateDir, 'runs')).map((name) => `folder runs/${name}`);
  const partial = ['layers', 'images/blobs/sha256']
    .flatMap((folder) => namesIn(join(stateDir, folder)))
    .filter((name) => name.endsWith('.partial'));
  return [...mounts, ...runs, ...partial, ...processesNaming(stateDir)];
}

/** The folders of containers' cgroups that exist now, in every hierarchy. */
export function containerCgroups(): string[] {
  return namesIn('/sys/fs/cgroup')
    .map((name) => join('/sys/fs/cgroup', name, 'underdock'))
    .concat('/sys/fs/cgroup/underdock')
    .flatMap((folder) =>
      namesIn(folder)
        .filter((name) => /^[0-9a-f]{64}$/.test(name))
        .map((name) => join(folder, name)),
    );
}

function processesNaming(text: string): string[] {
  return namesIn('/proc')
    .filter((name) => /^\d+$/.test(name) && Number(name) !== process.pid)
    .filter((pid) => readText(`/proc/${pid}/cmdline`).includes(text))
    .map((pid) => `process ${pid} ${readText(`/proc/${pid}/cmdline`).replaceAll('\0', ' ')}`);
}

function namesIn(folder: string): string[] {
  try {
    return readdirSync(folder);
  } catch {
    return [];
  }
}

function readText(file: string): string {
  try {
    return readFileSync(file, 'utf8');
  } catch {
    return '';
  }
}
