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

/** Starts a clock. Node's hrtime is CLOCK_MONOTONIC on Linux, which is also what the kernel's probes stamp. */
export function startClock(): TraceClock {
  const monotonicNs = process.hrtime.bigint();
  const wallMs = Date.now();
  return {
    startedAt: new Date(wallMs).toISOString(),
    monotonicNs,
    wallMs,
    now: () => Math.round(Number(process.hrtime.bigint() - monotonicNs) / 1000) / 1000,
  };
}
