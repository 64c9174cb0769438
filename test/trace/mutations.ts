/** A small generator with a seed (mulberry32): a failure can be had again. Numbers from 0 up to, not including, 1. */
export function randomFrom(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32;
  };
}

const SPLINTERS = [
  ...['{', '}', '[', ']', '"', '\\', '\n', '\u0000', ',', ':', 'null', 'true', '-1', '1e999', '-1e308'],
  ...['"__proto__":{"x":1},', '"constructor":{"prototype":{"x":1}},', '\ud800', '\\ud800', '\ufeff', '\r\n'],
  ...[
    '{"underdock":1}',
    '{"underdock":2}',
    '[[[[[[[[',
    '9'.repeat(40),
    '"seq":1,',
    '"seq":1e15,',
    '"at":1e12,',
  ],
  ...[
    '"cause":["s1","s1"],',
    '"span":"s1",',
    '<script>x=1</script>',
    '../../../etc/passwd',
    '[['.repeat(500),
  ],
];

/** The text with one to four wounds: something put in, written over, taken out, doubled, cut off, or lines that changed places. */
export function mutate(text: string, random: () => number): string {
  let result = text;
  for (let changes = 1 + Math.floor(random() * 4); changes > 0; changes--) result = wound(result, random);
  return result;
}

function wound(text: string, random: () => number): string {
  const at = () => Math.floor(random() * text.length);
  const [from, to] = [at(), at()].sort((a, b) => a - b) as [number, number];
  const splinter = SPLINTERS[Math.floor(random() * SPLINTERS.length)]!;
  const kind = Math.floor(random() * 7);
  if (kind === 0) return text.slice(0, from) + splinter + text.slice(from);
  if (kind === 1) return text.slice(0, from) + splinter + text.slice(from + splinter.length);
  if (kind === 2) return text.slice(0, from) + text.slice(Math.min(to, from + 200));
  if (kind === 3) return text.slice(0, to) + text.slice(from, Math.min(to, from + 20_000)) + text.slice(to);
  if (kind === 4) return text.slice(0, to);
  const lines = text.split('\n');
  const [one, other] = [Math.floor(random() * lines.length), Math.floor(random() * lines.length)];
  // Reordered, or doubled further down.
  if (kind === 5) [lines[one], lines[other]] = [lines[other]!, lines[one]!];
  else lines.splice(one, 0, lines[other]!);
  return lines.join('\n');
}

/** Bytes with one to four wounds: changed, cut off, or doubled. */
export function mutateBytes(bytes: Uint8Array, random: () => number): Uint8Array {
  let result = Uint8Array.from(bytes);
  const at = () => Math.floor(random() * result.length);
  for (let changes = 1 + Math.floor(random() * 4); changes > 0; changes--) {
    const kind = Math.floor(random() * 3);
    if (kind === 0) result[at()] = Math.floor(random() * 256);
    else if (kind === 1) result = result.slice(0, Math.max(1, at()));
    else result = Uint8Array.from([...result.slice(0, at()), ...result.slice(at())]);
  }
  return result;
}

/** A text in pieces of up to `most` characters. */
export function* pieces(text: string, random: () => number, most = 2000): Generator<string> {
  for (let from = 0; from < text.length; ) {
    const size = 1 + Math.floor(random() * most);
    yield text.slice(from, from + size);
    from += size;
  }
}
