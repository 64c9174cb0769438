import { type ChildProcess, spawn } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { startPrivateEngine } from '../../apps/agent/src/daemons/privateEngine.ts';
import { programPath } from '../../apps/agent/src/programs.ts';
import { importBusybox } from '../live/callsLab.ts';
import { estimate, ratio, shown } from './pairs.ts';

const ROUNDS = Number(process.env.UNDERDOCK_BENCH_ROUNDS ?? 40);
/** Containers in a row for each measurement: one alone is mostly noise. */
const RUNS = 3;
/** Before that, so many: who watches has been there for a while, as an agent has that is kept. */
const BEFORE = 4;
/** strace is so much dearer that every so many rounds suffice. */
const STRACE_EVERY = 4;
/** So many rounds take minutes: what is known so far is said meanwhile. */
const REPORT_EVERY = 10;

/** What watching costs: `docker run --rm … true` alone, while `underdock watch` sees all of it, and under `strace -f`. */
const folder = mkdtempSync(join(tmpdir(), 'underdock-bench-'));
const engine = await startPrivateEngine({ folder: join(folder, 'engine') });
importBusybox(join(folder, 'engine'));
const memory: number[] = [];
/** Whoever breaks it off gets the figures so far, and nothing is left behind. */
let told = false;
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => (told = true));
try {
  const ways: Record<string, () => Promise<ChildProcess | undefined>> = {
    alone: async () => undefined,
    watched: startWatch,
    'strace -f': startStrace,
  };
  const times: Record<string, number[]> = Object.fromEntries(Object.keys(ways).map((name) => [name, []]));
  let rounds = 0;
  for (let round = -1; round < ROUNDS && !told; round++) {
    for (const [name, start] of shuffled(Object.entries(ways))) {
      if (told || (name === 'strace -f' && round % STRACE_EVERY !== 0)) continue;
      const observer = await start();
      try {
        for (let n = 0; n < BEFORE; n++) await dockerRun();
        const began = performance.now();
        for (let n = 0; n < RUNS; n++) await dockerRun();
        if (round >= 0) times[name]?.push((performance.now() - began) / RUNS);
        if (name === 'watched' && observer?.pid) memory.push(residentMb(observer.pid));
      } finally {
        if (observer) await end(observer);
      }
      await pause(300);
    }
    rounds = round + 1;
    if (rounds > 0 && rounds % REPORT_EVERY === 0 && rounds < ROUNDS) report(times, rounds);
  }
  report(times, rounds);
} finally {
  await engine.close();
  rmSync(folder, { recursive: true, force: true });
}

function report(times: Record<string, number[]>, rounds: number): void {
  const fewest = Math.min(times.alone?.length ?? 0, times.watched?.length ?? 0);
  if (fewest === 0) {
    console.log('no round was finished');
    return;
  }
  console.log(
    `docker run --rm … true, wall time of one, ${rounds} rounds of ${RUNS}, median (95 % interval)`,
  );
  for (const [name, samples] of Object.entries(times))
    if (samples.length > 0) console.log(`  ${name.padEnd(10)} ${shown(estimate(samples), ' ms')}`);
  const pairs = { watched: times.watched!.slice(0, fewest), alone: times.alone!.slice(0, fewest) };
  console.log(`  watched / alone: ${shown(ratio(pairs, 'watched', 'alone'))}`);
  const beside = pairs.alone.filter((_, round) => round % STRACE_EVERY === 0);
  const straced = { 'strace -f': (times['strace -f'] ?? []).slice(0, beside.length), alone: beside };
  if (straced['strace -f'].length > 0)
    console.log(`  strace -f / alone: ${shown(ratio(straced, 'strace -f', 'alone'))}`);
  console.log(`  resident memory of underdock and its probes: ${shown(estimate(memory), ' MB')}`);
}

function dockerRun(): Promise<void> {
  const args = ['-H', `unix://${engine.socket}`, 'run', '--rm', '--network', 'none', 'img', 'true'];
  return new Promise((resolve, reject) => {
    const child = spawn(programPath('docker'), args, { stdio: 'ignore' });
    child.once('close', (code) => (code === 0 ? resolve() : reject(new Error(`docker run: ${code}`))));
  });
}

async function startWatch(): Promise<ChildProcess> {
  const state = join(folder, 'state');
  return started(
    spawn('bin/underdock', ['watch', '--state', state], { stdio: ['ignore', 'ignore', 'pipe'] }),
    /watching this host/,
  );
}

async function startStrace(): Promise<ChildProcess> {
  const { dockerd, containerd } = engine.pids;
  const args = ['-f', '-o', join(folder, 'strace.out'), '-p', String(dockerd), '-p', String(containerd)];
  return started(spawn('strace', args, { stdio: ['ignore', 'ignore', 'pipe'] }), /attached/);
}

/** Resolves when it has said that it observes, and a moment more. */
async function started(child: ChildProcess, sign: RegExp): Promise<ChildProcess> {
  let said = '';
  await new Promise<void>((resolve, reject) => {
    child.stderr?.setEncoding('utf8').on('data', (text: string) => {
      said += text;
      if (sign.test(said)) resolve();
    });
    child.once('close', () => reject(new Error(`it ended: ${said}`)));
  });
  child.removeAllListeners('close');
  await pause(500);
  return child;
}

function end(child: ChildProcess): Promise<void> {
  return new Promise((resolve) => {
    child.once('close', () => resolve());
    child.kill('SIGINT');
  });
}

/** Resident memory of a process and all that descends from it, MB. */
function residentMb(pid: number): number {
  const parents = new Map<number, number>();
  for (const name of readdirSync('/proc').filter((entry) => /^\d+$/.test(entry))) {
    try {
      const stat = readFileSync(`/proc/${name}/stat`, 'utf8');
      parents.set(Number(name), Number(stat.slice(stat.lastIndexOf(')') + 4).split(' ')[0]));
    } catch {
      // It has just ended.
    }
  }
  const isKin = (one: number): boolean => one === pid || (parents.has(one) && isKin(parents.get(one) ?? 0));
  const resident = [...parents.keys()].filter(isKin).map((one) => {
    const found = /VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${one}/status`, 'utf8'));
    return Number(found?.[1] ?? 0) / 1000;
  });
  return resident.reduce((sum, one) => sum + one, 0);
}

function shuffled<T>(list: T[]): T[] {
  return list
    .map((item) => ({ item, key: Math.random() }))
    .sort((a, b) => a.key - b.key)
    .map(({ item }) => item);
}
