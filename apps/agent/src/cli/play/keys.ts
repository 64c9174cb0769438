import type { Wish } from './playState.ts';

/** What terminals send for keys, and what each asks for. Page up and down are the keys of a presenter’s remote. */
const WISHES: Record<string, Wish> = {
  ' ': 'turn',
  '\r': 'next',
  '\n': 'next',
  '\u001b[C': 'next',
  '\u001bOC': 'next',
  '\u001b[B': 'next',
  '\u001bOB': 'next',
  '\u001b[6~': 'next',
  n: 'next',
  '\u001b[D': 'back',
  '\u001bOD': 'back',
  '\u001b[A': 'back',
  '\u001bOA': 'back',
  '\u001b[5~': 'back',
  p: 'back',
  '\u001b[H': 'first',
  '\u001bOH': 'first',
  '\u001b[1~': 'first',
  '\u001b[F': 'last',
  '\u001bOF': 'last',
  '\u001b[4~': 'last',
  '+': 'faster',
  '=': 'faster',
  '-': 'slower',
  t: 'pace',
  l: 'level',
  '\u001a': 'suspend',
  q: 'quit',
  Q: 'quit',
  '\u0003': 'quit',
  '\u0004': 'quit',
  '\u001b': 'quit',
};
// biome-ignore lint/suspicious/noControlCharactersInRegex: keys are control characters
const KEY = /\u001b\[[0-9;]*[A-Za-z~]|\u001bO[A-Za-z]|\u001b|[^\u001b]/gu;

/** The wishes in what a terminal has sent at once, in their order; other keys ask for nothing. */
export function wishesIn(text: string): Wish[] {
  return [...text.matchAll(KEY)].flatMap(([key]) => (Object.hasOwn(WISHES, key) ? WISHES[key]! : []));
}
