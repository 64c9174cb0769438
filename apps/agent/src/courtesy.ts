import { readdirSync } from 'node:fs';
import { getPriority, setPriority } from 'node:os';

/** nice(2) of whoever only watches: what is watched comes first on a processor that both want. */
const GIVING_WAY = 10;
/** So far behind what happens (ms), the watcher takes what it needs; so near again, it gives way. */
const BEHIND_MS = 250;
const NEAR_MS = 100;

/** Lets this process step back while it watches others, so that to be watched costs them little. */
export class Courtesy {
  /** The priority of a process that watches nobody; undefined while nothing is known of it. */
  #usual: number | undefined;
  #givesWay = false;
  readonly #lags = new Map<string, number>();

  /** From now on it gives way. Only root may take its priority back (setpriority(2)): for others nothing changes. */
  begin(): void {
    if (this.#usual !== undefined || process.geteuid?.() !== 0) return;
    const usual = getPriority(0);
    try {
      // Root without CAP_SYS_NICE could never come back.
      setPriority(0, Math.min(19, usual + 1));
      setPriority(0, usual);
    } catch {
      return;
    }
    this.#usual = usual;
    this.#become(true);
  }

  /** What a source tells is so old (ms). */
  lag(source: string, lagMs: number): void {
    if (this.#usual === undefined) return;
    this.#lags.set(source, lagMs);
    const worst = Math.max(...this.#lags.values());
    if (this.#givesWay ? worst > BEHIND_MS : worst < NEAR_MS) this.#become(!this.#givesWay);
  }

  end(): void {
    if (this.#usual === undefined) return;
    this.#become(false);
    this.#usual = undefined;
    this.#lags.clear();
  }

  /** Does something as a process that gives way to nobody: children inherit the priority of the thread that starts them. */
  usually<T>(act: () => T): T {
    if (!this.#givesWay || this.#usual === undefined) return act();
    setPriority(0, this.#usual);
    try {
      return act();
    } finally {
      setPriority(0, Math.max(GIVING_WAY, this.#usual));
    }
  }

  #become(givesWay: boolean): void {
    this.#givesWay = givesWay;
    const usual = this.#usual ?? 0;
    const priority = givesWay ? Math.max(GIVING_WAY, usual) : usual;
    // On Linux a priority is a thread's (setpriority(2), "C library/kernel differences").
    for (const thread of readdirSync('/proc/self/task')) {
      try {
        setPriority(Number(thread), priority);
      } catch {
        // This thread has just ended.
      }
    }
  }
}

/** The courtesy of this process: it has one priority only. */
export const courtesy = new Courtesy();
