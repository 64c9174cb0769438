import { type ChildProcessWithoutNullStreams, spawn } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TraceEvent, type TraceHeader, verifyTrace } from '@underdock/trace';

const UNDERDOCK = 'bin/underdock';

/** What a command came to. */
export interface Said {
  exitCode: number;
  stdout: string;
  stderr: string;
}

/** Runs `./bin/underdock …` as a user would and waits for its end. */
export function underdock(args: string[], env: NodeJS.ProcessEnv = {}): Promise<Said> {
  return new Promise((resolve, reject) => {
    const child = spawn(UNDERDOCK, args, {
      env: { ...process.env, ...env },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    const said = { stdout: '', stderr: '' };
    for (const stream of ['stdout', 'stderr'] as const) {
      child[stream].setEncoding('utf8').on('data', (text: string) => {
        said[stream] += text;
      });
    }
    child.once('error', reject);
    child.once('close', (code) => resolve({ exitCode: code ?? -1, ...said }));
  });
}

/** A trace file, read whole. */
export async function readTrace(file: string) {
  const text = readFileSync(file, 'utf8');
  const [header, ...events] = text
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line));
  return {
    header: header as TraceHeader,
    events: events as TraceEvent[],
    verdict: await verifyTrace([text]),
  };
}

/** `underdock up` on a free port with a state directory of its own. */
export interface Agent {
  pid: number;
  stateDir: string;
  url: string;
  close(): Promise<void>;
}

/** Starts an agent and waits until it answers. */
export async function startAgent(): Promise<Agent> {
  const stateDir = mkdtempSync(join(tmpdir(), 'underdock-agent-'));
  const child = spawn(UNDERDOCK, [
    'up',
    '--port',
    '0',
    '--state',
    stateDir,
  ]) as ChildProcessWithoutNullStreams;
  const url = await firstLink(child);
  return {
    pid: child.pid!,
    stateDir,
    url,
    async close() {
      const gone = new Promise((resolve) => child.once('close', resolve));
      child.kill('SIGTERM');
      await gone;
      rmSync(stateDir, { recursive: true, force: true });
    },
  };
}

function firstLink(child: ChildProcessWithoutNullStreams): Promise<string> {
  return new Promise((resolve, reject) => {
    let said = '';
    const hear = (text: string) => {
      said += text;
      const link = /https?:\/\/\S+token=\S+/.exec(said);
      if (link) resolve(link[0]);
    };
    child.stdout.setEncoding('utf8').on('data', hear);
    child.stderr.setEncoding('utf8').on('data', hear);
    child.once('close', (code) => reject(new Error(`the agent ended with ${code}: ${said}`)));
  });
}
