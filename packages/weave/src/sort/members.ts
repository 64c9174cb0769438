import type { SortedRun } from './sortedRun.ts';

/** Processes are looked for so often (ms); one that was gone the last time too has ended unseen. */
const LOOK_MS = 30_000;

/** Which run a process belongs to, and which are the agent’s own. */
export class Members {
  readonly #runs = new Map<number, SortedRun>();
  readonly #own = new Set<number>();
  readonly #agentPid: number;
  #gone = new Set<number>();
  #lookedAt = Number.NEGATIVE_INFINITY;

  constructor(agentPid: number) {
    this.#agentPid = agentPid;
  }

  of(pid: number): SortedRun | undefined {
    return this.#runs.get(pid);
  }

  join(run: SortedRun, pid: number): void {
    this.#own.delete(pid);
    run.pids.add(pid);
    this.#runs.set(pid, run);
  }

  /** The agent, or what it has started for itself: who runs that follows it himself. */
  isOwn(pid: number): boolean {
    return pid === this.#agentPid || this.#own.has(pid);
  }

  own(pid: number): void {
    // Who was claimed for a run as it was started belongs there already.
    if (!this.#runs.has(pid)) this.#own.add(pid);
  }

  disown(pid: number): void {
    this.#own.delete(pid);
  }

  /** Its process has ended; answers with the run that it belonged to. */
  leave(pid: number): SortedRun | undefined {
    this.#own.delete(pid);
    const run = this.#runs.get(pid);
    this.#runs.delete(pid);
    run?.pids.delete(pid);
    return run;
  }

  forget(run: SortedRun): void {
    for (const pid of run.pids) this.#runs.delete(pid);
  }

  /**
   * Whose end was not seen would keep its run open for ever, and its pid comes again: now and then each is looked for, and those that are gone for the
   * second time have left. `at` in ms of the records' clock.
   */
  lookFor(at: number, isAlive: (pid: number) => boolean): number[] {
    if (at - this.#lookedAt <= LOOK_MS) return [];
    this.#lookedAt = at;
    const before = this.#gone;
    this.#gone = new Set([...this.#runs.keys(), ...this.#own].filter((pid) => !isAlive(pid)));
    const left = [...this.#gone].filter((pid) => before.has(pid));
    for (const pid of left) this.leave(pid);
    return left;
  }
}
