import { decodeTrace, TraceError, verifyTrace } from '@underdock/trace';
import { expect, test } from 'vitest';
import { sampleText } from './sample.ts';

/** How many mutated traces are read; the long run asks for more by UNDERDOCK_FUZZ. */
const COUNT = Number(process.env.UNDERDOCK_FUZZ ?? 3000);

/** A small generator with a seed (mulberry32): a failure can be had again. */
function randomFrom(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32;
  };
}

const SPLINTERS = [
  '{',
  '}',
  '[',
  ']',
  '"',
  '\\',
  '\n',
  '\u0000',
  ',',
  ':',
  'null',
  '1e999',
  '-1',
  '"__proto__":{"x":1},',
  '\ud800',
  '{"underdock":1}',
  '[[[[[[[[',
  'true',
  '9'.repeat(40),
  '"seq":1,',
];

function mutate(text: string, random: () => number): string {
  let result = text;
  const at = () => Math.floor(random() * result.length);
  for (let changes = 1 + Math.floor(random() * 4); changes > 0; changes--) {
    const [from, to] = [at(), at()].sort((a, b) => a - b) as [number, number];
    const splinter = SPLINTERS[Math.floor(random() * SPLINTERS.length)]!;
    const kind = Math.floor(random() * 5);
    if (kind === 0) result = result.slice(0, from) + splinter + result.slice(from);
    else if (kind === 1) result = result.slice(0, from) + splinter + result.slice(from + splinter.length);
    else if (kind === 2) result = result.slice(0, from) + result.slice(Math.min(to, from + 200));
    else if (kind === 3) result = result.slice(0, to) + result.slice(from, to) + result.slice(to);
    else result = result.slice(0, to);
  }
  return result;
}

function* pieces(text: string, random: () => number): Generator<string> {
  for (let from = 0; from < text.length; ) {
    const size = 1 + Math.floor(random() * 2000);
    yield text.slice(from, from + size);
    from += size;
  }
}

test(`of ${COUNT} mutated traces none is read with anything but a TraceError, and each has a verdict`, {
  timeout: 3_600_000,
}, async () => {
  const text = sampleText();
  for (let seed = 1; seed <= COUNT; seed++) {
    const random = randomFrom(seed);
    const mutated = mutate(text, random);
    let last = 0;
    try {
      for await (const item of decodeTrace(pieces(mutated, random))) {
        const line = 'line' in item ? item.line : 0;
        if (line < last) throw new Error(`lines go backwards with seed ${seed}`);
        last = line;
        if (item.kind === 'fault') expect(item.error).toBeInstanceOf(TraceError);
      }
    } catch (error) {
      if (!(error instanceof TraceError)) throw new Error(`seed ${seed}`, { cause: error });
    }
    const verdict = await verifyTrace([mutated]);
    if (verdict.state === 'broken') expect(verdict.faults.length).toBeGreaterThan(0);
    if (verdict.state === 'whole') expect(verdict.faults).toEqual([]);
  }
  expect(({} as Record<string, unknown>).x).toBeUndefined();
});
