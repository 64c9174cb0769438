const RESTARTS_WITHIN_MS = 10 * 60_000;

/** A probe that can't live here must not be loaded for ever: so many times in ten minutes, by default three. */
export class Restarts {
  readonly #most: number;
  #times: number[] = [];
  constructor(most = 3) {
    this.#most = most;
  }

  /** Whether one more may be tried at `now` (ms); it counts. */
  next(now: number): boolean {
    this.#times = this.#times.filter((at) => now - at < RESTARTS_WITHIN_MS);
    if (this.#times.length >= this.#most) return false;
    this.#times.push(now);
    return true;
  }
}
