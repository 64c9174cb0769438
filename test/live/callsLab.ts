import { type ChildProcess, execFileSync, spawn, spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, openSync, readFileSync, rmSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { type CallRecord, decodePayload, type RawRecord } from '@underdock/weave';
import { CallsWatch, type CallsWatchOptions } from '../../apps/agent/src/layers/callsWatch.ts';
import { findProgram, programPath } from '../../apps/agent/src/programs.ts';

/** containerd and dockerd that write down what they are asked, as an independent witness. */
export interface TalkativeEngine {
  folder: string;
  socket: string;
  containerdSocket: string;
  pids: { dockerd: number; containerd: number };
  /** The requests that dockerd says to have served since the last call, as `POST /path?query`. */
  requests(): string[];
  /** The topics of the events that containerd says to have had since the last call. */
  topics(): string[];
  /** Ends dockerd and starts it from `file`. */
  restartDockerd(file: string): Promise<void>;
  close(): Promise<void>;
}

/** Starts a private pair that logs at debug level, with an image `img` of busybox. */
export async function startTalkativeEngine(dockerdFile = programPath('dockerd')): Promise<TalkativeEngine> {
  const folder = mkdtempSync(join(tmpdir(), 'underdock-calls-'));
  const at = (name: string) => join(folder, name);
  const containerd = begin(at('containerd.log'), programPath('containerd'), [
    ...['--log-level', 'debug', '--root', at('ctd'), '--state', at('ctd-run'), '--address', at('ctd.sock')],
  ]);
  const startDockerd = async (file: string) => {
    const child = begin(at('dockerd.log'), file, [
      ...['--debug', '--containerd', at('ctd.sock'), '--data-root', at('docker')],
      ...['--exec-root', at('docker-run'), '-H', `unix://${at('docker.sock')}`, '-p', at('docker.pid')],
      ...['--bridge=none', '--iptables=false'],
    ]);
    await until(() => docker(at('docker.sock'), ['version']).status === 0);
    return child;
  };
  let dockerd = await startDockerd(dockerdFile);
  importBusybox(folder);
  const pids = { dockerd: dockerd.pid ?? 0, containerd: containerd.pid ?? 0 };
  const served = newLines(at('dockerd.log'));
  const told = newLines(at('containerd.log'));
  served();
  told();
  return {
    folder,
    socket: at('docker.sock'),
    containerdSocket: at('ctd.sock'),
    pids,
    requests: () => matches(served(), /msg="Calling ([^"]+)"/),
    topics: () => matches(told(), /msg="event (?:published|forwarded)" .*topic=(\S+)/),
    async restartDockerd(file) {
      await end(dockerd);
      dockerd = await startDockerd(file);
      pids.dockerd = dockerd.pid ?? 0;
    },
    async close() {
      await end(dockerd);
      await end(containerd);
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

function begin(log: string, file: string, args: string[]): ChildProcess {
  const out = openSync(log, 'a');
  return spawn(programPath('setpriv'), ['--pdeathsig', 'TERM', file, ...args], {
    stdio: ['ignore', out, out],
  });
}

function end(child: ChildProcess): Promise<void> {
  return new Promise((resolve) => {
    if (child.exitCode !== null || child.signalCode !== null) return resolve();
    child.once('exit', () => resolve());
    child.kill('SIGTERM');
  });
}

/** Waits until `holds`; to load a probe can take half a minute where much else goes on. */
export async function until(holds: () => boolean, seconds = 90): Promise<void> {
  for (let tries = 0; tries < seconds * 5; tries++) {
    if (holds()) return;
    await pause(200);
  }
  throw new Error(`${seconds} s were not enough`);
}

function newLines(file: string): () => string[] {
  let seen = 0;
  return () => {
    const lines = readFileSync(file, 'utf8').split('\n').slice(0, -1);
    const fresh = lines.slice(seen);
    seen = lines.length;
    return fresh;
  };
}

function matches(lines: string[], pattern: RegExp): string[] {
  return lines.flatMap((line) => pattern.exec(line)?.[1] ?? []);
}

/** Gives the engine whose socket is `docker.sock` in the folder an image `img` of busybox. */
export function importBusybox(folder: string): void {
  const bin = join(folder, 'rootfs/bin');
  mkdirSync(bin, { recursive: true });
  execFileSync('cp', [programPath('busybox'), join(bin, 'busybox')]);
  for (const name of ['sh', 'true', 'sleep', 'echo']) symlinkSync('busybox', join(bin, name));
  const layer = execFileSync('tar', ['-C', join(folder, 'rootfs'), '-c', '.'], { maxBuffer: 64e6 });
  const said = docker(join(folder, 'docker.sock'), ['import', '-', 'img'], layer);
  if (said.status !== 0) throw new Error(said.stderr.toString());
}

/** `docker ARGS` by one client, and the pid that it had. */
export function docker(socket: string, args: string[], input?: Buffer, client = programPath('docker')) {
  return spawnSync(client, ['-H', `unix://${socket}`, ...args], { input, timeout: 60_000 });
}

/** Both docker clients where two are installed, Debian's and an older or newer one in PATH; else the one. */
export function dockerClients(): string[] {
  const own = findProgram('docker', '/usr/bin');
  return [...new Set([own, programPath('docker')].flatMap((file) => file ?? []))];
}

/** The calls that a watcher tells of some processes. */
export interface Calls {
  watch: CallsWatch;
  /** What was seen since the last call, when everything has been handed over. */
  take(): Promise<RawRecord[]>;
  close(): Promise<void>;
}

/** Starts the watcher of calls. */
export async function watchCalls(options: Partial<CallsWatchOptions> = {}): Promise<Calls> {
  const watch = new CallsWatch({ agentPid: process.pid, ...options });
  const state = await watch.start();
  if (state.state !== 'ok') throw new Error(`calls can’t be watched here: ${state.why}`);
  let records: RawRecord[] = [];
  const stopFollowing = watch.follow(process.hrtime.bigint(), (record) => records.push(record));
  return {
    watch,
    async take() {
      if (!(await watch.settle(60_000))) throw new Error('the watcher lags behind');
      const taken = records;
      records = [];
      return taken;
    },
    async close() {
      stopFollowing();
      await watch.stop();
    },
  };
}

/** A call with all that was seen of it. */
export interface WholeCall extends CallRecord {
  container?: string;
  status?: number;
  answered: boolean;
  exit?: CallRecord;
}

/** Puts the records of each call together. */
export function wholeCalls(records: readonly RawRecord[], pids: readonly number[]): WholeCall[] {
  const calls: WholeCall[] = [];
  const open = new Map<string, WholeCall>();
  for (const record of records) {
    if (record.kind !== 'call' || !pids.includes(record.pid)) continue;
    const key = [record.pid, record.routine, record.protocol, record.side].join();
    if (record.phase === 'enter') {
      const call = { ...record, answered: false };
      calls.push(call);
      open.set(key, call);
      continue;
    }
    const call = open.get(key);
    // It began before these records.
    if (!call) continue;
    if (record.payload) {
      call.payload = record.payload;
      call.container = decodePayload(call.method ?? '', record.payload.bytes).container;
    }
    if (record.phase === 'answer') Object.assign(call, { answered: true, status: record.status });
    if (record.phase === 'exit') {
      call.exit = record;
      open.delete(key);
    }
  }
  return calls;
}
