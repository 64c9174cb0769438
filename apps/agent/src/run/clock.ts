/** The clock of one trace: milliseconds since its first instant, from CLOCK_MONOTONIC. */
export interface TraceClock {
  readonly startedAt: string;
  /** CLOCK_MONOTONIC at `at` = 0, in nanoseconds. */
  readonly monotonicNs: bigint;
  /** Unix time in ms at the same instant. */
  readonly wallMs: number;
  /** The present instant, to the microsecond. */
  now(): number;
}

/** Starts a clock, now or at an instant that has passed (CLOCK_MONOTONIC, ns). Node's hrtime is CLOCK_MONOTONIC on Linux, which is also what the kernel's probes stamp. */
export function startClock(originNs?: bigint): TraceClock {
  const present = process.hrtime.bigint();
  const monotonicNs = originNs ?? present;
  const wallMs = Date.now() - Math.round(Number(present - monotonicNs) / 1e6);
  return {
    startedAt: new Date(wallMs).toISOString(),
    monotonicNs,
    wallMs,
    now: () => Math.round(Number(process.hrtime.bigint() - monotonicNs) / 1000) / 1000,
  };
}
