/** Allows `burst` at once and `perSecond` in the long run. `now` is a clock in ms. */
export class Bucket {
  #level: number;
  #at: number;
  readonly #burst: number;
  readonly #perSecond: number;
  readonly #now: () => number;

  constructor(burst: number, perSecond: number, now: () => number = () => performance.now()) {
    this.#burst = burst;
    this.#perSecond = perSecond;
    this.#now = now;
    this.#level = burst;
    this.#at = now();
  }

  /** Takes one; false when there is none left. */
  take(): boolean {
    const at = this.#now();
    this.#level = Math.min(this.#burst, this.#level + ((at - this.#at) / 1000) * this.#perSecond);
    this.#at = at;
    if (this.#level < 1) return false;
    this.#level -= 1;
    return true;
  }
}
