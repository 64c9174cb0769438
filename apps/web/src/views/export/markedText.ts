import type { Kept } from '@underdock/chain/portable';

/** A piece of a text. */
export interface MarkedPiece {
  /** Where it begins, in characters. */
  at: number;
  text: string;
  /** What it says that stays the same. */
  what?: string;
  comment?: true;
}

/** A text cut into pieces: the words that say what stays the same, comments, and all else. */
export function markedText(text: string, stays: readonly Kept[]): MarkedPiece[] {
  const places: { from: number; to: number; what: string }[] = [];
  for (const { what, mark } of stays) {
    if (!mark) continue;
    const from = placeOf(text, mark, places);
    if (from !== undefined) places.push({ from, to: from + mark.length, what });
  }
  const pieces: MarkedPiece[] = [];
  let now = 0;
  for (const { from, to, what } of places.sort((a, b) => a.from - b.from)) {
    pieces.push(...plain(text, now, from), { at: from, text: text.slice(from, to), what });
    now = to;
  }
  return [...pieces, ...plain(text, now, text.length)];
}

/** The first place of the words that is taken by no others and not in a comment; a line of their own before any other. */
function placeOf(
  text: string,
  mark: string,
  taken: readonly { from: number; to: number }[],
): number | undefined {
  let any: number | undefined;
  for (let from = text.indexOf(mark); from >= 0; from = text.indexOf(mark, from + 1)) {
    const to = from + mark.length;
    const before = text.slice(text.lastIndexOf('\n', from - 1) + 1, from);
    const isFree = taken.every((one) => from >= one.to || to <= one.from);
    if (!isFree || before.startsWith('#')) continue;
    const after = text.slice(to).split('\n', 1)[0]!;
    if (/^\s*(- )?$/.test(before) && /^( \\)?$/.test(after)) return from;
    any ??= from;
  }
  return any;
}

function plain(text: string, from: number, to: number): MarkedPiece[] {
  const pieces: MarkedPiece[] = [];
  let at = from;
  for (const part of text.slice(from, to).split(/(?<=\n)(?=#)|(?<=^#[^\n]*\n)(?!#)/m)) {
    if (part === '') continue;
    const isComment = part.startsWith('#') && (at === 0 || text[at - 1] === '\n');
    pieces.push({ at, text: part, ...(isComment ? { comment: true as const } : {}) });
    at += part.length;
  }
  return pieces;
}
