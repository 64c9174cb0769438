/** Advance widths of DejaVu Sans (regular, semi-bold) for U+0020 to U+007E, in hundredths of an em: a wide font, so other faces fit too. */
const REGULAR =
  '32 40 46 84 64 95 78 27 39 39 50 84 32 36 32 34 64 64 64 64 64 64 64 64 64 64 34 34 84 84 84 53 100 68 69 70 77 63 58 77 75 29 29 66 56 86 75 79 60 79 69 63 61 73 68 99 69 61 69 39 34 39 84 50 50 61 63 55 63 62 35 63 63 28 28 58 28 97 63 61 63 63 41 52 39 63 59 82 59 59 52 64 34 64 84';
const BOLD =
  '35 46 52 84 70 100 87 31 46 46 52 84 38 42 38 37 70 70 70 70 70 70 70 70 70 70 40 40 84 84 84 58 100 77 76 73 83 68 68 82 84 37 37 77 64 100 84 85 73 85 77 72 68 81 77 110 77 72 73 46 37 46 84 50 50 67 72 59 72 68 44 72 71 34 34 67 34 104 71 69 72 72 49 60 48 71 65 92 65 65 58 71 37 71 84';
const regular = REGULAR.split(' ').map(Number);
const bold = BOLD.split(' ').map(Number);
/** Em widths of the monospace faces in use differ from 0.55 to 0.602. */
const MONO = 0.605;

export interface Face {
  /** px. */
  size: number;
  mono?: boolean;
  weight?: number;
}

/** Width of one line of text in px, rather too much than too little. */
export function textWidth(text: string, face: Face): number {
  if (face.mono) return [...text].reduce((sum, char) => sum + (isWide(char) ? 2 : 1), 0) * MONO * face.size;
  const table = (face.weight ?? 400) >= 600 ? bold : regular;
  let hundredths = 0;
  for (const char of text) hundredths += table[char.codePointAt(0)! - 32] ?? (isWide(char) ? 100 : 84);
  return (hundredths / 100) * face.size;
}

/** East Asian wide characters and emoji take two cells. */
function isWide(char: string): boolean {
  return /[\u1100-\u115f\u2e80-\ua4cf\uac00-\ud7a3\uf900-\ufaff\ufe30-\ufe6f\uff00-\uff60\u{1f000}-\u{1ffff}]/u.test(
    char,
  );
}

/** The text, ellipsed where it is wider than `width` px; '' where not even one letter fits. */
export function fitText(text: string, width: number, face: Face): string {
  const clean = text.replace(/\s+/g, ' ');
  if (textWidth(clean, face) <= width) return clean;
  const chars = [...clean];
  let low = 0;
  let high = chars.length;
  while (low < high) {
    const middle = (low + high + 1) >>> 1;
    if (textWidth(`${chars.slice(0, middle).join('').trimEnd()}…`, face) <= width) low = middle;
    else high = middle - 1;
  }
  if (low === 0) return '';
  const kept = chars.slice(0, low).join('');
  // Half a word is none: what is read aloud has whole ones. A long word alone is cut all the same.
  const words = /\s/.test(chars[low] ?? '') ? kept : kept.replace(/\s+\S*$/, '');
  return `${(words.length > kept.length / 2 ? words : kept).trimEnd()}…`;
}
