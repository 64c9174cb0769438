import { expect, test } from 'vitest';
import { LineOrder } from '../../../apps/agent/src/probe/lineOrder.ts';
import type { ProbeLine } from '../../../apps/agent/src/probe/lines.ts';

const line = (text: string): ProbeLine => {
  const [letter = '', ...words] = text.split(' ');
  return { letter, words, text: '' };
};
const shown = (lines: ProbeLine[]) => lines.map(({ letter, words }) => [letter, ...words].join(' '));
const never = () => expect.unreachable('no line came too late');
const MS = 1_000_000;

/** Feeds lines as they were printed and gives what came out, in order. */
function ordered(...printed: string[]): string[] {
  const order = new LineOrder(never);
  return printed.flatMap((text) => shown(order.take(line(text))));
}

test('a birth that its processor’s buffer kept back is told before what the child did on another', () => {
  const child = ['e 3 200 11 11 0', 'x 3 210 11 11 0'];
  const heartbeat = `t 0 ${9 * MS}`;
  const parent = ['f 100 10 10 11 0'];
  expect(ordered(...child, heartbeat, ...parent, `t ${3 * MS} ${9 * MS}`)).toEqual([
    'f 100 10 10 11 0',
    'e 3 200 11 11 0',
    'x 3 210 11 11 0',
    `t ${1 * MS}`,
  ]);
});

test('what is younger than what is proven waits, with a margin for lines that are just being written', () => {
  const printed = [`d ${5 * MS} 5 5 0`, `d ${3 * MS} 4 4 0`, `t ${6 * MS} ${6 * MS}`];
  expect(ordered(...printed)).toEqual([`d ${3 * MS} 4 4 0`, `t ${4 * MS}`]);
  expect(ordered(...printed, `t ${7 * MS} ${8 * MS}`).slice(2)).toEqual([`d ${5 * MS} 5 5 0`, `t ${5 * MS}`]);
});

test('the same proof twice promises nothing new', () => {
  expect(ordered(`t ${9 * MS} 0`, `t ${9 * MS} 0`, `t ${8 * MS} 0`)).toEqual([`t ${7 * MS}`]);
});

test('pieces stay with the line of their thread, whatever another processor prints between them', () => {
  const printed = ['s 7 0 0', 's 8 0 0', 'a 7 0', 'p 30 8 8 8 0', 'p 20 7 7 7 0', `t ${3 * MS} 0`];
  expect(ordered(...printed)).toEqual([
    's 7 0 0',
    'a 7 0',
    'p 20 7 7 7 0',
    's 8 0 0',
    'p 30 8 8 8 0',
    `t ${1 * MS}`,
  ]);
});

test('a line that comes after all is told nevertheless, and counted', () => {
  let late = 0;
  const order = new LineOrder(() => late++);
  order.take(line(`t ${9 * MS} 0`));
  expect(shown(order.take(line('d 5 5 5 0')))).toEqual([]);
  expect(shown(order.take(line(`t ${10 * MS} 0`)))).toEqual(['d 5 5 5 0', `t ${8 * MS}`]);
  expect(late).toBe(1);
});

test('what makes no sense comes back at once, to be counted', () => {
  expect(ordered('d nonsense 5')).toEqual(['d nonsense 5']);
  expect(ordered('t nonsense 0')).toEqual(['t']);
});

test('a probe’s end lets go of all that waits', () => {
  const order = new LineOrder(never);
  for (const text of ['d 20 6 6 0', 'd 10 5 5 0']) order.take(line(text));
  expect(shown(order.flush())).toEqual(['d 10 5 5 0', 'd 20 6 6 0']);
});
