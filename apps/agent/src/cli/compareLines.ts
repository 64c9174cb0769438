import type { ActRow, Cell, Comparison, ComparisonRow, Side } from '@underdock/chain';
import {
  ACHIEVEMENT_WORDS,
  COUNT_CAVEAT,
  countWords,
  differenceSentence,
  imageSentence,
  msWords,
  REASON_WORDS,
  sideNotes,
  TIME_CAVEAT,
} from '@underdock/story';
import pc from 'picocolors';
import { diffLines } from './compareDiffs.ts';
import { inColumns, wrapped } from './textColumns.ts';
import { shortened, tame } from './words.ts';

/** How a comparison is to be printed. */
export interface Print {
  /** Columns of the terminal. */
  width: number;
  colour: boolean;
  /** Also what is the same everywhere. */
  all: boolean;
  /** About the files, each a line. */
  notes: readonly string[];
}

/** A comparison as lines for a terminal: what is different is said by words and marks, colour only underlines it. */
export function comparisonLines(comparison: Comparison, print: Print): string[] {
  const colours = pc.createColors(print.colour);
  const { sides, rows, image, config, isolation, cgroups } = comparison;
  const letters = sides.map(({ letter }) => letter);
  const out = [...sides.flatMap((side) => sideLines(side, print)), ''];
  out.push(...wrapped(imageSentence(image), print.width));
  out.push(...wrapped(colours.bold(differenceSentence(comparison)), print.width), '');
  out.push(colours.bold(inColumns(['', ...letters], print.width)[0]!));
  for (const row of rows) out.push(...rowLines(row, letters, print, colours), '');
  out.push(...totalLines(sides, print, colours), '');
  for (const note of [COUNT_CAVEAT, TIME_CAVEAT]) out.push(...wrapped(note, print.width));
  const diffs = [
    ['config.json', config],
    ['Namespaces, mounts, rights', isolation],
    ['Cgroup values', cgroups],
  ] as const;
  for (const [title, diff] of diffs) out.push('', ...diffLines(title, diff, letters, print, colours));
  const notes = [...print.notes, ...sides.flatMap(sideNotes)];
  if (notes.length > 0) out.push('', colours.bold('Notes'));
  for (const note of notes) out.push(...wrapped(tame(note), print.width, '  '));
  return out;
}

function sideLines({ letter, road, id, command }: Side, { width }: Print): string[] {
  const head = `${letter}  ${road}  (${id})`;
  return [tame(head).slice(0, width), ...wrapped(tame(command.join(' ')), width, '   ').slice(0, 2)];
}

type Colours = ReturnType<typeof pc.createColors>;

function rowLines(
  { achievement, cells, acts }: ComparisonRow,
  letters: readonly string[],
  print: Print,
  colours: Colours,
): string[] {
  const line = (name: string, tell: (cell: Cell) => string) =>
    inColumns([`  ${name}`, ...cells.map((cell) => tame(tell(cell)))], print.width);
  const told = cells.some(({ state, reason }) => state !== 'reached' || reason !== undefined);
  return [
    colours.bold(ACHIEVEMENT_WORDS[achievement].title),
    ...(told ? line('', stateWords) : []),
    ...line('who', ({ actors }) => actors.join(', ') || '-'),
    ...line('calls', ({ calls }) => countWords(calls)),
    ...line('system calls', ({ syscalls }) => countWords(syscalls)),
    ...line('processes', ({ processes }) => countWords(processes)),
    ...line('time', ({ ms }) => msWords(ms)),
    ...onlyLines(acts, letters, print, colours),
  ];
}

function stateWords({ state, reason }: Cell): string {
  if (state === 'failed') return 'FAILED';
  if (reason) return REASON_WORDS[reason];
  return state === 'reached' ? 'done' : 'not seen';
}

function totalLines(sides: readonly Side[], { width }: Print, colours: Colours): string[] {
  const line = (name: string, tell: (side: Side) => string) =>
    inColumns([`  ${name}`, ...sides.map(tell)], width);
  return [
    colours.bold('Altogether'),
    ...line('calls', ({ calls }) => countWords(calls)),
    ...line('system calls', ({ syscalls }) => countWords(syscalls)),
    ...line('processes', ({ processes }) => countWords(processes)),
    ...line('time', ({ ms }) => msWords(ms)),
    ...line('exit code', ({ exitCode }) => (exitCode === undefined ? '-' : String(exitCode))),
  ];
}

/** So many acts of one trace alone are named; the others are counted. */
const NAMED = 6;

/** What some traces have and others lack, and with `all` everything else too. */
function onlyLines(
  acts: readonly ActRow[],
  letters: readonly string[],
  { width, all }: Print,
  colours: Colours,
): string[] {
  const groups = new Map<string, string[]>();
  for (const act of acts) {
    if (!all && act.mark !== 'some') continue;
    const heading = all ? markedBy(act, letters) : `only ${havingOf(act, letters)}`;
    const names = groups.get(heading) ?? [];
    names.push(actWords(act, all));
    groups.set(heading, names);
  }
  return [...groups].flatMap(([heading, names]) => {
    const shown = all ? names : names.slice(0, NAMED);
    const more = names.length - shown.length;
    const text = [...shown, ...(more > 0 ? [`${more} more`] : [])].map((name) =>
      shortened(tame(name), all ? 300 : 90),
    );
    const indent = ' '.repeat(heading.length + 4);
    const [first = '', ...rest] = wrapped(text.join('; '), width, indent);
    return [`  ${colours.yellow(heading)}  ${first.slice(indent.length)}`, ...rest];
  });
}

function markedBy(act: ActRow, letters: readonly string[]): string {
  if (act.mark === 'some') return `only ${havingOf(act, letters)}`;
  return { same: '=', differs: '≠', unknown: '?' }[act.mark];
}

function havingOf({ counts }: ActRow, letters: readonly string[]): string {
  return letters.filter((_, side) => (counts[side]!.n ?? 0) > 0).join(' ');
}

function actWords({ name, counts, errors }: ActRow, all: boolean): string {
  const told = counts.map((count) => count.n ?? '?');
  const known = counts.flatMap(({ n }) => (n ? [n] : []));
  const times = all
    ? ` x ${told.join('/')}`
    : known.every((n) => n === 1)
      ? ''
      : ` x ${told.filter((n) => n !== 0).join('/')}`;
  return `${name}${times}${errors.length > 0 ? ` (${errors.join(', ')})` : ''}`;
}
