/** Width of what stands before the columns. */
const FIRST = 16;

/** Words in columns of equal width, the first one narrower, as many lines as the longest of them needs. */
export function inColumns(cells: readonly string[], width: number): string[] {
  const each = Math.max(8, Math.floor((width - FIRST) / Math.max(1, cells.length - 1)));
  const columns = cells.map((cell, index) => wrapped(cell, (index === 0 ? FIRST : each) - 1));
  const height = Math.max(1, ...columns.map((lines) => lines.length));
  return Array.from({ length: height }, (_, row) =>
    columns
      .map((lines, index) => (lines[row] ?? '').padEnd(index === 0 ? FIRST : each))
      .join('')
      .trimEnd(),
  );
}

/** A text in lines of at most `width` characters, broken between words where that is possible, each after `indent`. */
export function wrapped(text: string, width: number, indent = ''): string[] {
  const room = Math.max(4, width - indent.length);
  const lines: string[] = [];
  let line = '';
  const end = () => {
    if (line !== '') lines.push(line);
    line = '';
  };
  for (const word of text.split(' ')) {
    if (line !== '' && lengthOf(line) + 1 + lengthOf(word) > room) end();
    line = line === '' ? leading(text, word, lines) : `${line} ${word}`;
    while (lengthOf(line) > room) {
      lines.push(line.slice(0, room));
      line = line.slice(room);
    }
  }
  end();
  return lines.map((each) => indent + each);
}

/** Spaces before the first word are meant. */
function leading(text: string, word: string, lines: readonly string[]): string {
  return lines.length === 0 && word !== '' ? `${/^ */.exec(text)![0]}${word}` : word;
}

/** Colours take no room. */
function lengthOf(text: string): number {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: that is what a colour begins with
  return text.replace(/\u001b\[\d+m/g, '').length;
}
