import { readdirSync, readFileSync } from 'node:fs';
import { setTimeout as pause } from 'node:timers/promises';
import type { TraceHeader } from '@underdock/trace';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { programPath } from '../../apps/agent/src/programs.ts';
import { causesOf, type FoundTrace, type WatchedHost, watchThisHost } from './watchedHost.ts';

const RUN = ['run', '--rm', '--network', 'none', 'img'];

let host: WatchedHost;
let found: FoundTrace[];

beforeAll(async () => {
  host = await watchThisHost();
  await shimKilled();
  await engineHangs();
  await engineRestarted();
  await probesKilled();
  found = (await host.end()).found;
}, 480_000);
afterAll(() => host?.close());

/** A run after a fault is seen from the command down to pivot_root again. */
async function again(word: string): Promise<void> {
  const said = await host.docker(...RUN, 'echo', word);
  expect(said).toMatchObject({ exitCode: 0, stdout: `${word}\n` });
}

async function shimKilled(): Promise<void> {
  const { stdout } = await host.docker('run', '-d', '--network', 'none', 'img', 'sleep', '601');
  const id = stdout.trim();
  const [shim] = processes(({ argv }) => argv[0]?.includes('containerd-shim') === true && argv.includes(id));
  process.kill(shim ?? 0, 'SIGKILL');
  // containerd clears up what it left, and then tells the engine that the container has ended.
  const running = () => host.docker('inspect', '-f', '{{.State.Running}}', id);
  await vi.waitUntil(async () => (await running()).stdout === 'false\n', { timeout: 60_000, interval: 500 });
  await host.docker('rm', '-f', id);
  await again('after-the-shim');
}

/** dockerd stands still: what is asked meanwhile is answered when it goes on. */
async function engineHangs(): Promise<void> {
  process.kill(host.engine.pids.dockerd, 'SIGSTOP');
  const waiting = again('after-the-standstill');
  await pause(4000);
  process.kill(host.engine.pids.dockerd, 'SIGCONT');
  await waiting;
}

async function engineRestarted(): Promise<void> {
  const cut = host.docker('run', '--network', 'none', '--name', 'cut-off', 'img', 'sleep', '602');
  await pause(2000);
  await host.engine.restartDockerd(programPath('dockerd'));
  await cut;
  await again('after-the-restart');
}

async function probesKilled(): Promise<void> {
  const probes = () =>
    processes(({ argv, pid }) => argv[0] === 'bpftrace' && descends(pid, host.watcher.pid ?? 0));
  // A new build of a program somewhere on the host brings a second pair for a while.
  await vi.waitUntil(() => probes().length === 2, { timeout: 120_000, interval: 500 });
  for (const probe of probes()) process.kill(probe, 'SIGKILL');
  await pause(500);
  await host.docker(...RUN, 'echo', 'unseen');
  // Both are started again, which takes its time on a busy machine: the last of these runs is after that.
  for (const limit = Date.now() + 90_000; Date.now() < limit && !bothWatchAgain(); ) {
    await pause(1000);
    await again('after-the-probes');
  }
  // The last one may have begun while the probes did; this one has not.
  await again('after-the-probes');
}

function bothWatchAgain(): boolean {
  const last = latest(host.headers(), 'after-the-probes');
  const probes = last?.watchers.filter(({ name }) => name.startsWith('bpftrace')) ?? [];
  return probes.filter(({ state }) => state === 'ok').length === 2;
}

/** The latest of the runs whose command ends with a word. */
function latest(headers: TraceHeader[], word: string): TraceHeader | undefined {
  return headers
    .filter(({ command }) => command.at(-1) === word)
    .sort((a, b) => a.startedAt.localeCompare(b.startedAt))
    .at(-1);
}

describe('what goes wrong on the host', () => {
  it('is outlived: the watcher was there to the end', () => {
    expect(host.watcher.exitCode).toBe(0);
  });

  it.each(['after-the-shim', 'after-the-standstill', 'after-the-restart', 'after-the-probes'])(
    'is over when the next run is seen whole: %s',
    (word) => {
      const trace = byLastWord(word);
      const pivot = trace.events.find(({ step }) => step === 'kernel/pivot-root');
      expect(pivot && causesOf(pivot, trace.events)).toEqual([
        'low-level/create',
        'high-level/shim-request',
        'high-level/create-task',
        'engine/request',
        'client/request',
        'client/command',
      ]);
      expect(trace.verdict).toMatchObject({ state: 'whole', faults: [] });
      expect(trace.events.filter(({ step }) => step === 'trace/lost-records')).toEqual([]);
    },
  );

  it('shows a killed shim as killed, and what containerd did about it', () => {
    const trace = byLastWord('601');
    const killed = trace.events.find(({ step, data }) => step === 'kernel/exit' && data.signal === 9);
    expect(killed?.actor.name).toBe('containerd-shim');
    const cleared = trace.events.filter(({ step, type }) => step === 'low-level/delete' && type === 'begin');
    expect(cleared.length).toBeGreaterThan(0);
  });

  it('ends what a restarted engine never answered', () => {
    const trace = byLastWord('602');
    expect(trace.verdict).toMatchObject({ state: 'whole', faults: [] });
    const wait = trace.events.filter(({ step, type }) => step === 'client/request' && type === 'end');
    expect(wait.length).toBeGreaterThan(0);
  });

  it('is declared where the probes themselves were gone', () => {
    const told = found.flatMap(({ events, header }) => [
      ...events.filter(({ step, data }) => step === 'trace/watcher-changed' && data.state === 'missing'),
      ...header.watchers.filter(({ state }) => state === 'missing'),
    ]);
    expect(told.length).toBeGreaterThan(0);
  });
});

function byLastWord(word: string): FoundTrace {
  const last = latest(
    found.map(({ header }) => header),
    word,
  );
  const one = found.find(({ header }) => header === last);
  if (!one) throw new Error(`no run was found for ${word}`);
  return one;
}

function processes(fits: (one: { pid: number; argv: string[] }) => boolean): number[] {
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .map(Number)
    .filter((pid) => fits({ pid, argv: argvOf(pid) }));
}

function argvOf(pid: number): string[] {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, 'utf8').split('\0');
  } catch {
    return [];
  }
}

function descends(pid: number, from: number): boolean {
  for (let one = pid; one > 1; ) {
    if (one === from) return true;
    try {
      const stat = readFileSync(`/proc/${one}/stat`, 'utf8');
      one = Number(stat.slice(stat.lastIndexOf(')') + 4).split(' ')[0]);
    } catch {
      return false;
    }
  }
  return false;
}
