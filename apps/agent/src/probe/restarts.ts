const MOST_RESTARTS = 3;
const RESTARTS_WITHIN_MS = 10 * 60_000;

/** A probe that can't live here must not be loaded for ever: three times in ten minutes. */
export class Restarts {
  #times: number[] = [];

  /** Whether one more may be tried at `now` (ms); it counts. */
  next(now: number): boolean {
    this.#times = this.#times.filter((at) => now - at < RESTARTS_WITHIN_MS);
    if (this.#times.length >= MOST_RESTARTS) return false;
    this.#times.push(now);
    return true;
  }
}
