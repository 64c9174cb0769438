import type { Portable } from './types.ts';

const PLAIN = /^[\w@%+=:,./-]+$/;

/** A word as a POSIX shell takes it for one word and nothing else. */
export function quoted(word: string): string {
  return PLAIN.test(word) ? word : `'${word.replaceAll("'", `'\\''`)}'`;
}

/** Words as one would type them. */
export function shellLine(words: readonly string[]): string {
  return words.map(quoted).join(' ');
}

const UNITS = [
  [2 ** 30, 'g'],
  [2 ** 20, 'm'],
  [2 ** 10, 'k'],
] as const;

/** Docker’s sizes: `64m`; a number of bytes where no unit goes into it. */
export function dockerSize(bytes: number): string {
  const [size, unit] = UNITS.find(([size]) => bytes % size === 0) ?? [1, 'b'];
  return `${bytes / size}${unit}`;
}

/** Kubernetes’ quantities: `64Mi`; a number of bytes where no unit goes into it. */
export function quantity(bytes: number): string {
  const [size, unit] = UNITS.find(([size]) => bytes % size === 0) ?? [1, ''];
  return `${bytes / size}${unit === '' ? '' : `${unit.toUpperCase()}i`}`;
}

/** Kubernetes’ quantities of processors: `500m` is a half. */
export function milliCpus(cpus: number): string {
  return Number.isInteger(cpus) ? String(cpus) : `${Math.ceil(cpus * 1000)}m`;
}

/** Without tag and digest: `127.0.0.1:5000/img`. */
export function repositoryOf(reference: string): string {
  const [name = ''] = reference.split('@');
  const slash = name.lastIndexOf('/');
  const colon = name.indexOf(':', slash + 1);
  return colon < 0 ? name : name.slice(0, colon);
}

/** The image, by digest where the trace knows it; undefined where it has no name. */
export function pinned({ image: { reference, digest } }: Portable): string | undefined {
  if (!reference) return undefined;
  return digest ? `${repositoryOf(reference.value)}@${digest.value}` : reference.value;
}

/** Whether the image’s registry can be reached from its own host alone. */
export function isOnLoopback(reference: string): boolean {
  return /^(localhost|127\.\d+\.\d+\.\d+|\[::1\])(:\d+)?\//.test(reference);
}

/** A name of lower letters, digits and hyphens, as Kubernetes (RFC 1123) and others want it. */
export function labelOf({ name, image }: Portable, longest = 63): string {
  const said =
    name?.value ??
    repositoryOf(image.reference?.value ?? '')
      .split('/')
      .at(-1) ??
    '';
  const plain = said.toLowerCase().replace(/[^a-z0-9-]+/g, '-');
  return plain.slice(0, longest).replace(/^[^a-z]+|-+$/g, '') || 'run';
}

/** Lines of a comment, none longer than 100 characters unless one word is. */
export function comment(lines: readonly string[]): string {
  return lines
    .flatMap(wrapped)
    .map((line) => `# ${line}`.trimEnd())
    .join('\n');
}

function wrapped(line: string): string[] {
  const indent = /^ *(- )?/.exec(line)![0].length;
  const words = line
    .trim()
    .replace(/[\s\p{Cc}]+/gu, ' ')
    .split(' ');
  const out: string[] = [];
  let now = ' '.repeat(indent - (line.trimStart().startsWith('- ') ? 2 : 0));
  for (const word of words) {
    if (now.trim() !== '' && now.length + word.length + 1 > 98) {
      out.push(now);
      now = ' '.repeat(indent);
    }
    now += now.trim() === '' ? word : ` ${word}`;
  }
  return [...out, now];
}
