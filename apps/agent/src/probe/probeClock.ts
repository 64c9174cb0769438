/** Turns the probe's instants into CLOCK_MONOTONIC, in ms: some versions of bpftrace count the time asleep too. */
export class ProbeClock {
  #offsetMs: number | undefined;

  /**
   * A heartbeat of `probeMs` has come at `nowMs`. It arrives some ms after its instant; a second or more apart means another
   * clock: the least gap tells which.
   */
  calibrate(probeMs: number, nowMs: number): void {
    const gap = nowMs - probeMs;
    const base = Math.abs(gap) < 1000 ? 0 : gap;
    if (this.#offsetMs === undefined || base < this.#offsetMs) this.#offsetMs = base;
  }

  /** An instant of the probe in ms of CLOCK_MONOTONIC. */
  monotonic(probeMs: number): number {
    return probeMs + (this.#offsetMs ?? 0);
  }
}
