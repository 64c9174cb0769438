import { type ChildProcess, spawn } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import type { TraceEvent, TraceHeader } from '@underdock/trace';
import { programPath } from '../../apps/agent/src/programs.ts';
import { startTalkativeEngine, type TalkativeEngine, until } from './callsLab.ts';
import { readTrace } from './commandLine.ts';
import { startWitness, type Testimony } from './witness.ts';

/** A run that `underdock watch` has found, as its file tells it. */
export interface FoundTrace {
  header: TraceHeader;
  events: TraceEvent[];
  verdict: Awaited<ReturnType<typeof readTrace>>['verdict'];
}

/** A command that was typed. */
export interface Typed {
  pid: number;
  exitCode: number;
  stdout: string;
  stderr: string;
}

/** A private engine, `underdock watch` on this host, and an independent witness of it. */
export interface WatchedHost {
  engine: TalkativeEngine;
  watcher: ChildProcess;
  /** Types a command and waits for its end. */
  type(command: string, ...args: string[]): Promise<Typed>;
  /** `docker ARGS` on the private engine. */
  docker(...args: string[]): Promise<Typed>;
  /** The headers of the runs that were found so far. */
  headers(): TraceHeader[];
  /** Waits until the runs that were found are over, ends watcher and witness, and gives what they say of this engine, or of what is `isOurs`. */
  end(isOurs?: (header: TraceHeader) => boolean): Promise<{ found: FoundTrace[]; testimony: Testimony }>;
  close(): Promise<void>;
}

/** Starts all three. Needs root, bpftrace, docker.io and containerd. */
export async function watchThisHost(): Promise<WatchedHost> {
  const engine = await startTalkativeEngine();
  const folder = mkdtempSync(join(tmpdir(), 'underdock-watch-'));
  const traces = mkdtempSync(join(folder, 'traces-'));
  const watcher = spawn('bin/underdock', ['watch', '--state', join(folder, 'state'), '--record', traces], {
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let said = '';
  watcher.stderr?.setEncoding('utf8').on('data', (text: string) => {
    said += text;
  });
  watcher.stdout?.resume();
  const begun = until(() => said.includes('watching this host') || watcher.exitCode !== null, 90);
  const witness = await begun.then(startWitness).catch(async (error) => {
    watcher.kill('SIGINT');
    await engine.close();
    throw new Error(`the watch did not begin: ${said}`, { cause: error });
  });
  const stopWatcher = async () => {
    if (watcher.exitCode !== null || watcher.signalCode !== null) return;
    const gone = new Promise((resolve) => watcher.once('close', resolve));
    watcher.kill('SIGINT');
    await gone;
  };
  return {
    engine,
    watcher,
    type,
    docker: (...args) => type(programPath('docker'), '-H', `unix://${engine.socket}`, ...args),
    headers: () => readdirSync(traces).flatMap((name) => headerIn(join(traces, name))),
    async end(isOurs = ({ command }) => command.includes(`unix://${engine.socket}`)) {
      // A run is over two seconds after its last process has gone.
      await pause(4000);
      const testimony = await witness.end();
      await stopWatcher();
      const all = await Promise.all(readdirSync(traces).map((name) => readTrace(join(traces, name))));
      // Others may type commands on this host meanwhile, for engines of their own.
      const found = all.filter(({ header }) => isOurs(header));
      return { testimony, found };
    },
    async close() {
      await stopWatcher();
      await engine.close();
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

function headerIn(file: string): TraceHeader[] {
  const [line, rest] = readFileSync(file, 'utf8').split('\n', 2);
  // Without a line's end it is still being written.
  return line !== undefined && rest !== undefined ? [JSON.parse(line)] : [];
}

function type(command: string, ...args: string[]): Promise<Typed> {
  return new Promise((resolve, reject) => {
    const child = spawn(command, args, { stdio: ['ignore', 'pipe', 'pipe'] });
    const said = { stdout: '', stderr: '' };
    for (const stream of ['stdout', 'stderr'] as const) {
      child[stream].setEncoding('utf8').on('data', (text: string) => {
        said[stream] += text;
      });
    }
    child.once('error', reject);
    child.once('close', (code) => resolve({ pid: child.pid ?? 0, exitCode: code ?? -1, ...said }));
  });
}

/** The acts that led to an event, from its own up to the first cause, by step. */
export function causesOf(event: TraceEvent, events: readonly TraceEvent[]): string[] {
  const begun = new Map(events.flatMap((one) => (one.type === 'begin' && one.span ? [[one.span, one]] : [])));
  const steps: string[] = [];
  for (let span = event.cause?.[0]; span !== undefined && steps.length < 20; ) {
    const act = begun.get(span);
    steps.push(act?.step ?? 'unknown');
    span = act?.cause?.[0];
  }
  return steps;
}
