/** What a text can be that is replaced. */
export const REPLACED_KINDS = [
  'user name',
  'home folder',
  'host name',
  'server name',
  'mail address',
  'internet address',
  'hardware address',
  'image name',
  'name of a variable',
  'path in a home folder',
  'own word',
] as const;
export type ReplacedKind = (typeof REPLACED_KINDS)[number];

/** One text that was replaced, what stands in its place, and how often. */
export interface Replaced {
  kind: ReplacedKind;
  from: string;
  to: string;
  count: number;
}

type Naming = (number: number) => string;

/** Stand-ins are taken from what is kept for examples (RFC 2606, 5737, 3849), so that they are nobody’s. */
const NAMING: Record<ReplacedKind, Naming> = {
  'user name': (n) => `user${n}`,
  'home folder': (n) => `/home/user${n}`,
  'host name': (n) => `host${n}`,
  'server name': (n) => `server${n}.example`,
  'mail address': (n) => `person${n}@example.org`,
  'internet address': documentationAddress,
  'hardware address': (n) => `02:00:00:00:${hex(n >> 8)}:${hex(n)}`,
  'image name': (n) => `image${n}`,
  'name of a variable': (n) => `VARIABLE_${n}`,
  'path in a home folder': (n) => `hidden${n}`,
  'own word': (n) => `hidden${n}`,
};

function hex(n: number): string {
  return (n & 255).toString(16).padStart(2, '0');
}

function documentationAddress(n: number): string {
  const nets = ['192.0.2', '198.51.100', '203.0.113'];
  const net = nets[Math.floor((n - 1) / 254)];
  return net ? `${net}.${((n - 1) % 254) + 1}` : `2001:db8::${n.toString(16)}`;
}

/** Gives the same text always the same stand-in, and counts. */
export class StandIns {
  readonly #known = new Map<string, Replaced>();
  readonly #numbers = new Map<string, number>();
  #counted: [Replaced, number][] | undefined;

  /** The stand-in of a text. Texts that differ in case only are one. */
  of(kind: ReplacedKind, from: string, times = 1): string {
    const key = `${kind}:${from.toLowerCase()}`;
    let found = this.#known.get(key);
    if (!found) {
      const series = kind === 'path in a home folder' ? 'own word' : kind;
      const number = (this.#numbers.get(series) ?? 0) + 1;
      this.#numbers.set(series, number);
      found = { kind, from, to: NAMING[kind](number), count: 0 };
      this.#known.set(key, found);
    }
    found.count += times;
    this.#counted?.push([found, times]);
    return found.to;
  }

  /** What was counted while `act` ran. */
  counting(act: () => string): { result: string; found: readonly [Replaced, number][] } {
    const found: [Replaced, number][] = [];
    this.#counted = found;
    try {
      return { result: act(), found };
    } finally {
      this.#counted = undefined;
    }
  }

  /** All that was replaced at least once, by kind. */
  replaced(): Replaced[] {
    const rank = (one: Replaced) => REPLACED_KINDS.indexOf(one.kind);
    return [...this.#known.values()].filter(({ count }) => count > 0).sort((a, b) => rank(a) - rank(b));
  }
}
