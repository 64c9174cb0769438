import { EmbeddedError } from '../error.ts';

const POWERS: Record<string, number> = { b: 0, k: 1, m: 2, g: 3, t: 4, p: 5 };
const PATTERN = /^(\d+(?:\.\d+)?)\s?(?:([kmgtp])i?b?|b)?$/i;

/**
 * Bytes of a size written as docker's flags take it (go-units, RAMInBytes): `64m`, `1.5g`, `512KiB`, `1048576`.
 * Units count in powers of 1024; fractions of a byte are cut off. `flag` names the option in the error.
 */
export function parseSize(text: string | number, flag: string): number {
  const match = PATTERN.exec(String(text).trim());
  if (match === null) {
    throw new EmbeddedError('bad-size', `${flag} ${JSON.stringify(text)} is not a size`, {
      remedy: `write a number with an optional unit b, k, m, g or t, such as ${flag} 64m`,
    });
  }
  const bytes = Math.floor(Number(match[1]) * 1024 ** (POWERS[(match[2] ?? 'b').toLowerCase()] ?? 0));
  if (!Number.isSafeInteger(bytes)) {
    throw new EmbeddedError('bad-size', `${flag} ${JSON.stringify(text)} is more than can be counted`, {
      remedy: `ask for less than 8191 terabytes`,
    });
  }
  return bytes;
}
