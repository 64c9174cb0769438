import { expect, test } from 'vitest';
import { LineOrder } from '../../../apps/agent/src/probe/lineOrder.ts';
import type { ProbeLine } from '../../../apps/agent/src/probe/lines.ts';

const line = (text: string): ProbeLine => {
  const [letter = '', ...words] = text.split(' ');
  return { letter, words, text: '' };
};
const shown = (lines: ProbeLine[]) => lines.map(({ letter, words }) => [letter, ...words].join(' '));

/** Feeds lines as they were printed and gives what came out, in order. */
function ordered(processors: number, ...printed: string[]): string[] {
  const order = new LineOrder(processors);
  return printed.flatMap((text) => shown(order.take(line(text))));
}

test('a birth that its processor’s buffer kept back is told before what the child did on another', () => {
  const child = ['e 3 200 11 11 0', 'x 3 210 11 11 0', 't 300 1'];
  const parent = ['f 100 10 10 11 0', 't 310 0'];
  expect(ordered(2, 't 50 0', 't 50 1', ...child, 't 350 1', ...parent)).toEqual([
    't 50',
    'f 100 10 10 11 0',
    'e 3 200 11 11 0',
    'x 3 210 11 11 0',
    't 310',
  ]);
});

test('nothing goes on before every processor has spoken, for a second at most', () => {
  expect(ordered(2, 'd 10 5 5 0', 't 20 0', 't 999 0')).toEqual([]);
  expect(ordered(2, 'd 10 5 5 0', 't 20 0', 't 1000000030 0')).toEqual(['d 10 5 5 0', 't 1000000030']);
});

test('pieces stay with the line of their thread, whatever another processor prints between them', () => {
  const printed = ['s 7 0 0', 's 8 0 0', 'a 7 0', 'p 30 8 8 8 0', 'p 20 7 7 7 0', 't 40 0'];
  expect(ordered(1, ...printed)).toEqual([
    's 7 0 0',
    'a 7 0',
    'p 20 7 7 7 0',
    's 8 0 0',
    'p 30 8 8 8 0',
    't 40',
  ]);
});

test('a processor that was taken offline holds nothing up', () => {
  expect(ordered(2, 't 10 0', 't 10 1', 'd 20 5 5 0', 't 3000000000 0')).toEqual([
    't 10',
    'd 20 5 5 0',
    't 3000000000',
  ]);
});

test('what makes no sense comes back at once, to be counted', () => {
  expect(ordered(1, 'd nonsense 5')).toEqual(['d nonsense 5']);
  expect(ordered(1, 't nonsense 0')).toEqual(['t']);
});

test('a probe’s end lets go of all that waits', () => {
  const order = new LineOrder(2);
  for (const text of ['d 20 6 6 0', 'd 10 5 5 0']) order.take(line(text));
  expect(shown(order.flush())).toEqual(['d 10 5 5 0', 'd 20 6 6 0']);
});
