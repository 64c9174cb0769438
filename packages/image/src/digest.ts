import { createHash, type Hash } from 'node:crypto';
import { ImageError } from './error.ts';

// Hexadecimal digits of each algorithm that the OCI image spec registers (descriptor.md, "Digests").
const LENGTHS: Record<string, number> = { sha256: 64, sha512: 128 };

/** Whether this is a digest that underdock can verify: `sha256:` or `sha512:` and lower-case hexadecimal digits. */
export function isDigest(text: unknown): text is string {
  if (typeof text !== 'string') return false;
  const match = /^([a-z0-9]+):([a-f0-9]+)$/.exec(text);
  return match?.[1] !== undefined && match[2]?.length === LENGTHS[match[1]];
}

/** Splits a digest. Throws ImageError `bad-manifest` for one that can’t be verified. */
export function splitDigest(digest: string): { algorithm: string; hex: string } {
  if (!isDigest(digest))
    throw new ImageError(
      'bad-manifest',
      `${JSON.stringify(String(digest).slice(0, 160))} is not a digest that can be verified; only sha256 and sha512 are known`,
    );
  const colon = digest.indexOf(':');
  return { algorithm: digest.slice(0, colon), hex: digest.slice(colon + 1) };
}

/** Computes a digest piece by piece with the algorithm of an expected one. */
export class Digester {
  readonly #algorithm: string;
  readonly #hash: Hash;
  bytes = 0;
  constructor(like: string) {
    this.#algorithm = splitDigest(like).algorithm;
    this.#hash = createHash(this.#algorithm);
  }
  update(chunk: Uint8Array): void {
    this.bytes += chunk.byteLength;
    this.#hash.update(chunk);
  }
  /** The digest of everything given so far; call it once. */
  digest(): string {
    return `${this.#algorithm}:${this.#hash.digest('hex')}`;
  }
}

/** The sha256 digest of some bytes. */
export function digestOf(bytes: Uint8Array | string): string {
  return `sha256:${createHash('sha256').update(bytes).digest('hex')}`;
}

/** The chain id of each layer (OCI image spec, config.md, "Layer ChainID"): names a stack of layers up to that one. */
export function chainIds(diffIds: readonly string[]): string[] {
  const ids: string[] = [];
  for (const diffId of diffIds) {
    const below = ids.at(-1);
    ids.push(below === undefined ? diffId : digestOf(`${below} ${diffId}`));
  }
  return ids;
}
