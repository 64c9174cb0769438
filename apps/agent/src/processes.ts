import { readdirSync, readFileSync } from 'node:fs';
import { constants } from 'node:os';
import { setTimeout as pause } from 'node:timers/promises';

/** What /proc/PID/stat says (proc_pid_stat(5)). `startTime` in clock ticks since boot tells a pid from its next owner. */
export interface ProcessStat {
  pid: number;
  comm: string;
  state: string;
  parent: number;
  startTime: number;
}

/** The state of a process, or undefined when there is none of this pid. */
export function readStat(pid: number): ProcessStat | undefined {
  let text: string;
  try {
    text = readFileSync(`/proc/${pid}/stat`, 'utf8');
  } catch {
    return undefined;
  }
  // comm may hold spaces and brackets: the last ")" ends it.
  const end = text.lastIndexOf(')');
  const fields = text.slice(end + 2).split(' ');
  return {
    pid,
    comm: text.slice(text.indexOf('(') + 1, end),
    state: fields[0] ?? '?',
    parent: Number(fields[1]),
    startTime: Number(fields[19]),
  };
}

/** Every process that /proc shows to us. */
export function allProcesses(): ProcessStat[] {
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .map((name) => readStat(Number(name)))
    .filter((stat) => stat !== undefined);
}

/** Tells this boot from every other: start times count from each anew (random(4)). */
export function bootId(): string {
  return readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim();
}

/** Whether the process that was `pid` at `startTime` still lives (a zombie does not). */
export function isAlive(pid: number, startTime: number): boolean {
  const stat = readStat(pid);
  return stat !== undefined && stat.startTime === startTime && lives(stat);
}

/** Whether a process lives: one that nobody has reaped yet is listed, but does not. */
export function lives({ state }: ProcessStat): boolean {
  return state !== 'Z' && state !== 'X';
}

const KILL_WAIT_MS = 5000;

/**
 * Kills what `find` finds until it finds nothing: what a dying process still starts is killed in the next turn. Resolves with
 * what was done, in words; who can't be killed within seconds is among them.
 */
export async function killAll(find: () => ProcessStat[]): Promise<string[]> {
  const actions = new Set<string>();
  const until = performance.now() + KILL_WAIT_MS;
  for (;;) {
    const found = find();
    if (found.length === 0) return [...actions];
    if (performance.now() > until) {
      return [...actions, ...found.map(({ pid, comm }) => `process ${pid} (${comm}) could not be killed`)];
    }
    for (const { pid, comm } of found) {
      actions.add(`killed process ${pid} (${comm})`);
      kill(pid);
    }
    await pause(20);
  }
}

function kill(pid: number): void {
  try {
    process.kill(pid, 'SIGKILL');
  } catch {
    // It was gone before us.
  }
}

/** The number of a signal by name, with or without SIG, or by number; undefined when there is no such signal. */
export function signalNumber(name: string): number | undefined {
  if (/^\d+$/.test(name)) return Number(name) >= 1 && Number(name) <= 64 ? Number(name) : undefined;
  const upper = name.toUpperCase();
  const full = upper.startsWith('SIG') ? upper : `SIG${upper}`;
  const realTime = /^SIGRT(MIN|MAX)(?:([+-])(\d+))?$/.exec(full);
  if (realTime)
    return realTimeSignal(realTime[1] === 'MIN', Number(`${realTime[2] ?? '+'}${realTime[3] ?? 0}`));
  return (constants.signals as Record<string, number>)[full];
}

/** signal(7): glibc's SIGRTMIN is 34, SIGRTMAX 64. */
function realTimeSignal(fromMin: boolean, offset: number): number | undefined {
  const number = (fromMin ? 34 : 64) + offset;
  return number >= 34 && number <= 64 ? number : undefined;
}
