import { type Diff, type DiffRow, onlyThere } from '@underdock/chain';
import { absentWords, markWords, valueMeans } from '@underdock/story';
import type pc from 'picocolors';
import type { Print } from './compareLines.ts';
import { wrapped } from './textColumns.ts';
import { shortened, tame } from './words.ts';

/** A value longer than this is cut. */
const LONGEST = 400;

/** What differs of values that are compared one by one; with `all` also what is the same. */
export function diffLines(
  title: string,
  diff: Diff,
  letters: readonly string[],
  print: Print,
  colours: ReturnType<typeof pc.createColors>,
): string[] {
  const untold = letters.filter((_, side) => !diff.known[side]);
  const alike = diff.rows.filter(({ mark }) => mark === 'same' || mark === 'own').length;
  const rest = diff.rows.length - alike;
  const counted = `${diff.rows.length} values, ${alike} the same (but for own ids), ${rest} to look at`;
  const out = [
    colours.bold(title),
    ...wrapped(diff.rows.length === 0 ? 'told by none of them' : counted, print.width, '  '),
  ];
  if (diff.rows.length > 0 && untold.length > 0) out.push(`  not told by ${untold.join(', ')}`);
  const said = new Set<string>();
  for (const row of diff.rows) {
    if (print.all || (row.mark !== 'same' && row.mark !== 'own')) {
      const means = valueMeans(row.name);
      const news = means === undefined || said.has(means) ? undefined : means;
      if (means) said.add(means);
      out.push(...rowLines(row, news, diff, letters, print, colours));
    }
  }
  return out;
}

const MARKS: Readonly<Record<DiffRow['mark'], string>> = {
  same: '=',
  own: '~',
  differs: '≠',
  some: '±',
  unseen: '?',
  hidden: '#',
};

function rowLines(
  row: DiffRow,
  means: string | undefined,
  diff: Diff,
  letters: readonly string[],
  { width }: Print,
  colours: ReturnType<typeof pc.createColors>,
): string[] {
  const head = `${MARKS[row.mark]} ${tame(row.name)}: ${markWords(row, letters)}${means ? ` (${means})` : ''}`;
  const [first = '', ...rest] = wrapped(head, width - 2);
  return [
    `  ${colours.yellow(first)}`,
    ...rest.map((line) => `    ${line}`),
    ...groups(row, diff, letters).flatMap(({ who, value }) => {
      const indent = ' '.repeat(9);
      const [one = '', ...more] = wrapped(shortened(tame(value), LONGEST), width, indent);
      return [`    ${who.padEnd(5)}${one.slice(indent.length)}`, ...more];
    }),
  ];
}

/** Traces that say the same share a line. */
function groups(row: DiffRow, diff: Diff, letters: readonly string[]): { who: string; value: string }[] {
  const several = (row.sets ?? []).filter((set) => set !== undefined).length > 1;
  const extra = several && row.sets ? onlyThere(row.sets) : undefined;
  const found = new Map<string, { who: string; value: string }>();
  for (const [side, letter] of letters.entries()) {
    const value = row.values[side];
    const set = extra && row.sets?.[side];
    const told =
      value === undefined
        ? absentWords(row, side, diff)
        : set && row.mark !== 'same' && row.mark !== 'own'
          ? setWords(set.length, extra[side]!)
          : value || '(empty)';
    const key = value === undefined ? told : String(row.alike[side]);
    const group = found.get(key) ?? { who: '', value: told };
    found.set(key, { ...group, who: group.who + letter });
  }
  return [...found.values()];
}

function setWords(size: number, extra: readonly string[]): string {
  return extra.length === 0 ? `${size}, all shared` : `${size}, not shared: ${extra.join(' · ')}`;
}
