const WIDE =
  /[\u1100-\u115f\u2e80-\u303e\u3041-\ua4cf\uac00-\ud7a3\uf900-\ufaff\ufe30-\ufe6f\uff00-\uff60\uffe0-\uffe6]|\p{Emoji_Presentation}/u;
const NONE = /[\p{M}\p{Cf}]/u;

/** How many columns of a terminal a text without control characters takes. */
export function cellsOf(text: string): number {
  let cells = 0;
  for (const sign of text) cells += NONE.test(sign) ? 0 : WIDE.test(sign) ? 2 : 1;
  return cells;
}

/** The text, or as much of it as fits into so many columns with … at its end. */
export function fitted(text: string, columns: number): string {
  if (cellsOf(text) <= columns) return text;
  let taken = '';
  let cells = 0;
  for (const sign of text) {
    cells += cellsOf(sign);
    if (cells > columns - 1) break;
    taken += sign;
  }
  return columns > 0 ? `${taken}…` : '';
}

/** The text in lines of at most so many columns, broken between words; what is longer than a line is broken anywhere. */
export function foldedLines(text: string, columns: number): string[] {
  const room = Math.max(1, columns);
  const lines: string[] = [];
  let line = '';
  for (const word of text.split(' ').flatMap((one) => pieces(one, room))) {
    if (line !== '' && cellsOf(line) + 1 + cellsOf(word) > room) {
      lines.push(line);
      line = word;
    } else line = line === '' ? word : `${line} ${word}`;
  }
  return line === '' ? lines : [...lines, line];
}

function pieces(word: string, room: number): string[] {
  const found: string[] = [];
  let piece = '';
  for (const sign of word) {
    if (cellsOf(piece + sign) > room && piece !== '') {
      found.push(piece);
      piece = '';
    }
    piece += sign;
  }
  return piece === '' ? found : [...found, piece];
}
