import { expect, test } from 'vitest';
import { ChainLines } from '../../../apps/agent/src/cli/chainLines.ts';
import { sampleEvent, sampleEvents, sampleHeader } from '../../trace/sample.ts';

function lines(isTTY = false, colour = false) {
  const written: string[] = [];
  const outlet = { write: (text: string) => written.push(text), isTTY, columns: 60 };
  const chain = new ChainLines(outlet, {
    colour,
    sentences: (event) => `${event.step} \u001b[2J${event.data.name ?? ''}`,
  });
  chain.header(sampleHeader());
  return { chain, text: () => written.join('') };
}

test('an act is told when it begins, with its time and layer; its end is told only when it failed', () => {
  const { chain, text } = lines();
  const act = { step: 'low-level/create', layer: 'low-level', span: 's1' } as const;
  chain.events([
    sampleEvent(1, { ...act, at: 12.34, type: 'begin' }),
    sampleEvent(2, { ...act, type: 'end' }),
  ]);
  expect(text()).toBe('     12.3 ms  low-level   sh  low-level/create  [2J\n');
  const failed = { error: 'EPERM', message: 'not permitted', remedy: 'be root' };
  const other = { ...act, span: 's2', step: 'low-level/start' } as const;
  chain.events([
    sampleEvent(3, { ...other, type: 'begin' }),
    sampleEvent(4, { ...other, type: 'end', data: failed }),
  ]);
  expect(text()).toContain('failed: low-level/start  [2J: not permitted (be root)\n');
});

test('the same sentence is told once, and no container can drive the terminal', () => {
  const { chain, text } = lines();
  const fact = { type: 'fact', step: 'kernel/has-cgroup-value', data: { name: 'x\u001b[31m' } } as const;
  chain.events([sampleEvent(1, fact), sampleEvent(2, fact)]);
  expect(text().split('\n')).toHaveLength(2);
  expect(text()).not.toContain('\u001b');
});

test('on a terminal a bar fills while layers come, and is gone when they are there', () => {
  const { chain, text } = lines(true);
  const fetch = sampleEvents().slice(0, 4);
  chain.events(fetch.slice(0, 3));
  expect(text()).toContain('pulling 1 layers [############............] 5 B of 10 B');
  chain.events(fetch.slice(3));
  expect(text().endsWith('\r\u001b[K')).toBe(true);
});

test('lines wait while a program owns the terminal', () => {
  const { chain, text } = lines(true);
  chain.hold();
  chain.say('waiting');
  expect(text()).toBe('');
  chain.close();
  expect(text()).toBe('underdock  waiting\r\n');
});
