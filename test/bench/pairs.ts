/** A figure with its uncertainty: the median of the samples and the 95 % interval of that median. */
export interface Estimate {
  median: number;
  low: number;
  high: number;
  samples: number;
}

/**
 * The median and its distribution-free 95 % interval (order statistics of the binomial distribution). With fewer than
 * six samples the interval is the whole range.
 */
export function estimate(samples: readonly number[]): Estimate {
  const sorted = [...samples].sort((a, b) => a - b);
  const n = sorted.length;
  const reach = Math.floor((n - 1.96 * Math.sqrt(n)) / 2);
  const low = Math.max(0, reach);
  return { median: quantile(sorted, 0.5), low: sorted[low]!, high: sorted[n - 1 - low]!, samples: n };
}

/** The q-quantile (0 to 1) of ascending samples, interpolated. */
export function quantile(sorted: readonly number[], q: number): number {
  const place = (sorted.length - 1) * q;
  const below = Math.floor(place);
  const above = Math.min(below + 1, sorted.length - 1);
  return sorted[below]! + (sorted[above]! - sorted[below]!) * (place - below);
}

/** How long each way of doing it takes, in ms, run in turn (A B C, A B C …) so that a drifting machine hurts all alike. */
export async function interleave(
  ways: Record<string, () => Promise<void>>,
  rounds: number,
  warmUps = 1,
): Promise<Record<string, number[]>> {
  const times: Record<string, number[]> = Object.fromEntries(Object.keys(ways).map((name) => [name, []]));
  for (let round = -warmUps; round < rounds; round++) {
    for (const [name, way] of Object.entries(ways)) {
      const began = performance.now();
      await way();
      if (round >= 0) times[name]!.push(performance.now() - began);
    }
  }
  return times;
}

/** The ratio of two ways, pair by pair. */
export function ratio(times: Record<string, number[]>, ours: string, peer: string): Estimate {
  return estimate(times[ours]!.map((time, index) => time / times[peer]![index]!));
}

/** `1.23 (0.98 to 1.31, n = 40)`. */
export function shown(value: Estimate, unit = ''): string {
  const digits = value.median >= 100 ? 0 : 2;
  const [median, low, high] = [value.median, value.low, value.high].map((number) => number.toFixed(digits));
  return `${median}${unit} (${low} to ${high}, n = ${value.samples})`;
}
