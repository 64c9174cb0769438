import type { ChildProcess } from 'node:child_process';
import { subscribe, unsubscribe } from 'node:diagnostics_channel';
import { readdirSync, readFileSync } from 'node:fs';
import { becomeSubreaper, collectChild, type ExitStatus, KernelCallError } from './kernelCalls.ts';
import { lives, readStat, signalNumber } from './processes.ts';

/** Waits for processes that became the agent's children by reparenting, and for those that never did. */
export interface Reaper {
  /** Empty when real exit codes can be collected; else why not, in words. */
  readonly limitation: string;
  /**
   * Resolves once `pid` has ended: with its status, or with undefined when the kernel gave it to somebody else. Call it
   * while the process exists.
   */
  wait(pid: number): Promise<ExitStatus | undefined>;
  close(): void;
}

/** SIGCHLD can be lost (signals of one kind merge) and a process that is not our child sends none. */
const LOOK_EVERY_MS = 200;
/** So long is known how an orphan ended that nobody had waited for: shorter than it takes to use a pid again. */
const REMEMBER_MS = 10_000;

/**
 * Makes this process a child subreaper and collects the orphans that it inherits. The children that Node itself started
 * are left to Node: collecting those would make their `exit` events never come.
 */
export function createReaper(): Reaper {
  return new OrphanReaper();
}

class OrphanReaper implements Reaper {
  readonly limitation: string;
  #nodeChildren = new Set<ChildProcess>();
  #waiting = new Map<number, (status: ExitStatus | undefined) => void>();
  #collected = new Map<number, { status: ExitStatus; at: number }>();
  #timer: NodeJS.Timeout | undefined;
  #onSpawn = (message: unknown) => this.#remember((message as { process: ChildProcess }).process);
  #onSignal = () => this.#look();

  constructor() {
    this.limitation = subreaperLimitation();
    subscribe('child_process', this.#onSpawn);
    process.on('SIGCHLD', this.#onSignal);
  }

  wait(pid: number): Promise<ExitStatus | undefined> {
    const child = [...this.#nodeChildren].find((one) => one.pid === pid);
    if (child) return nodeChildExit(child);
    const before = this.#takeCollected(pid);
    if (before) return Promise.resolve(before);
    return new Promise((resolve) => {
      this.#waiting.set(pid, resolve);
      this.#timer ??= setInterval(this.#onSignal, LOOK_EVERY_MS);
      this.#look();
    });
  }

  close(): void {
    process.off('SIGCHLD', this.#onSignal);
    unsubscribe('child_process', this.#onSpawn);
    clearInterval(this.#timer);
    for (const resolve of this.#waiting.values()) resolve(undefined);
    this.#waiting.clear();
  }

  #remember(child: ChildProcess): void {
    this.#nodeChildren.add(child);
    child.once('exit', () => this.#nodeChildren.delete(child));
    child.once('error', () => child.pid === undefined && this.#nodeChildren.delete(child));
  }

  #look(): void {
    for (const pid of this.#waiting.keys()) {
      const status = endOf(pid);
      if (status !== 'alive') this.#settle(pid, status);
    }
    this.#collectStrangers();
  }

  #settle(pid: number, status: ExitStatus | undefined): void {
    this.#waiting.get(pid)?.(status);
    this.#waiting.delete(pid);
    if (this.#waiting.size > 0) return;
    clearInterval(this.#timer);
    this.#timer = undefined;
  }

  /** Orphans that nobody waits for would stay as zombies for as long as the agent lives. */
  #collectStrangers(): void {
    const known = new Set([...this.#nodeChildren].map((child) => child.pid));
    for (const pid of childrenOfThisProcess()) {
      if (known.has(pid) || this.#waiting.has(pid) || readStat(pid)?.state !== 'Z') continue;
      try {
        const status = collectChild(pid);
        if (status) this.#collected.set(pid, { status, at: Date.now() });
      } catch (error) {
        if (!(error instanceof KernelCallError)) throw error;
      }
    }
    for (const [pid, { at }] of this.#collected)
      if (Date.now() - at > REMEMBER_MS) this.#collected.delete(pid);
  }

  /** A process can end before anybody has had the time to wait for it. */
  #takeCollected(pid: number): ExitStatus | undefined {
    const found = this.#collected.get(pid);
    this.#collected.delete(pid);
    return found && Date.now() - found.at <= REMEMBER_MS ? found.status : undefined;
  }
}

function subreaperLimitation(): string {
  try {
    becomeSubreaper();
    return '';
  } catch (error) {
    return `exit codes are taken from the kernel’s record: this process can’t become a child subreaper (${(error as Error).message})`;
  }
}

function nodeChildExit(child: ChildProcess): Promise<ExitStatus | undefined> {
  return new Promise((resolve) => {
    const settle = () => resolve(nodeStatus(child));
    if (child.exitCode !== null || child.signalCode !== null) settle();
    else child.once('exit', settle);
  });
}

function nodeStatus(child: ChildProcess): ExitStatus {
  if (child.signalCode === null) return { code: child.exitCode ?? 0 };
  const signal = signalNumber(child.signalCode) ?? 0;
  return { code: 128 + signal, signal };
}

function endOf(pid: number): ExitStatus | undefined | 'alive' {
  try {
    return collectChild(pid) ?? 'alive';
  } catch (error) {
    if (!(error instanceof KernelCallError)) throw error;
    // ECHILD: somebody else's child, so its death shows in /proc alone.
    const stat = readStat(pid);
    return stat && lives(stat) ? 'alive' : undefined;
  }
}

function childrenOfThisProcess(): number[] {
  try {
    return readdirSync('/proc/self/task').flatMap((tid) => readNumbers(`/proc/self/task/${tid}/children`));
  } catch {
    return [];
  }
}

function readNumbers(file: string): number[] {
  try {
    return readFileSync(file, 'utf8').split(' ').filter(Boolean).map(Number);
  } catch {
    return [];
  }
}
