import type { Comparison, Count, Diff, DiffRow, DigestKind, ImageComparison, Side } from '@underdock/chain';
import { VALUE_WORDS } from './content/comparison.ts';

export { ACHIEVEMENT_WORDS, type AchievementWords, REASON_WORDS } from './content/comparison.ts';

/** What must stand beside times of single runs. */
export const TIME_CAVEAT =
  'Times are those of these runs alone: one run each does not say which road is faster.';

/** Which system calls are counted. */
export const COUNT_CAVEAT =
  'System calls: those that build, limit or take apart a container, not every one that a program makes.';

/** How time is shared out. */
export const SHARE_CAVEAT =
  'Each moment counts for what was being done: the act that was begun last, inside a runtime what it does next.';

const WHAT: Readonly<Record<Comparison['differs'][number], string>> = {
  image: 'the image',
  acts: 'what was done',
  config: 'config.json',
  isolation: 'namespaces and mounts',
  cgroups: 'cgroup values',
  outcome: 'how they ended',
  time: 'time',
};

/** In one sentence, what compared traces differ in. */
export function differenceSentence({ differs, sides }: Comparison): string {
  const [first] = sides;
  if (sides.length > 1 && sides.every(({ id, events }) => id === first!.id && events === first!.events)) {
    return differs.length === 0
      ? 'No difference: it is the same trace.'
      : 'The same run, read at several lengths.';
  }
  const real = differs.filter((one) => one !== 'time').map((one) => WHAT[one]);
  if (real.length === 0) return differs.length === 0 ? 'No difference.' : 'No difference but in time.';
  return `They differ in ${listed(real)}.`;
}

function listed(words: readonly string[]): string {
  return words.length < 2 ? words.join('') : `${words.slice(0, -1).join(', ')} and ${words.at(-1)}`;
}

const DIGESTS: Readonly<Record<DigestKind | 'layers', string>> = {
  manifest: 'the manifest’s digest',
  config: 'the digest of its configuration, which docker calls image id',
  index: 'the digest of the index, which names a manifest for each platform',
  unknown: 'the digest by which both name it',
  layers: 'the digests of its unpacked layers',
};

/** Whether the image is the same, and by what that was found. */
export function imageSentence({ verdict, by, digest }: ImageComparison): string {
  const found = by ? DIGESTS[by] : '';
  switch (verdict) {
    case 'same':
      return `One image, by ${found}: ${short(digest)}.`;
    case 'same-layers':
      return 'The same layers, by their unpacked digests, under different names: no digest is told by all of them.';
    case 'differs':
      return `Different images, by ${found}.`;
    default:
      return 'Whether it is the same image can’t be said: there is no digest that all of them tell.';
  }
}

/** `sha256:02bc60378500`. */
function short(digest: string | undefined): string {
  return digest?.replace(/^(\w+:[0-9a-f]{12})[0-9a-f]+$/, '$1') ?? '';
}

/** What the values of this name are; undefined for a name that nobody has written about. */
export function valueMeans(name: string): string | undefined {
  let best = '';
  for (const key of Object.keys(VALUE_WORDS)) {
    if (name.startsWith(key) && key.length > best.length && !/^[a-zA-Z]/.test(name.slice(key.length)))
      best = key;
  }
  return best === '' ? undefined : VALUE_WORDS[best];
}

/** `36`, `36 or more`, `not watched`. */
export function countWords({ n, atLeast }: Count): string {
  if (n === undefined) return 'not watched';
  return atLeast ? `${n} or more` : String(n);
}

/** `12.3 ms`; of long times whole ones. */
export function msWords(ms: number): string {
  return `${ms >= 1000 ? Math.round(ms).toLocaleString('en') : ms.toFixed(1)} ms`;
}

/** How a value stands to the others, in a word or two. */
export function markWords({ mark, values }: DiffRow, letters: readonly string[]): string {
  const having = letters.filter((_, side) => values[side] !== undefined);
  switch (mark) {
    case 'same':
      return 'same';
    case 'own':
      return 'same but for its own id';
    case 'differs':
      return 'differs';
    case 'hidden':
      return 'redacted';
    case 'unseen':
      return `seen in ${listed(having)} alone`;
    default:
      return `only ${listed(having)}`;
  }
}

/** What stands where a trace does not have a value. */
export function absentWords(row: DiffRow, side: number, diff: Diff): string {
  if (!diff.known[side]) return 'not told';
  return row.mark === 'some' ? 'none' : 'not seen';
}

/** What is to be known of one trace before its numbers are read: gaps, losses, that it goes on. */
export function sideNotes({ gaps, finished, failure, letter }: Side): string[] {
  const missing = gaps.map(({ kind, layer, name, why, count }) =>
    kind === 'lost'
      ? `${letter}: ${count ?? 'some'} records of ${name} were lost: there may be more than is counted`
      : `${letter}: ${layer} not watched by ${name}${why ? `: ${why}` : ''}`,
  );
  const broke = failure === undefined ? [] : [`${letter}: it failed: ${failure}`];
  return [...missing, ...broke, ...(finished ? [] : [`${letter}: it has not ended in this trace`])];
}
