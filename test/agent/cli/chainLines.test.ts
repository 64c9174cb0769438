import { expect, test } from 'vitest';
import { ChainLines } from '../../../apps/agent/src/cli/chainLines.ts';
import { sampleEvent, sampleEvents, sampleHeader } from '../../trace/sample.ts';

function lines(isTTY = false, colour = false) {
  const written: string[] = [];
  const outlet = { write: (text: string) => written.push(text), isTTY, columns: 60 };
  const chain = new ChainLines(outlet, {
    colour,
    sentences: (step) => `${step.step} x ${step.count} \u001b[2J${step.event.data.name ?? ''}`,
  });
  chain.header(sampleHeader());
  return { chain, text: () => written.join('') };
}

test('an act is told once it can grow no more, with its time and layer; its end is told only when it failed', async () => {
  const { chain, text } = lines();
  const act = { step: 'low-level/create', layer: 'low-level', span: 's1' } as const;
  chain.events([
    sampleEvent(1, { ...act, at: 12.34, type: 'begin' }),
    sampleEvent(2, { ...act, type: 'end' }),
  ]);
  expect(text()).toBe('');
  await expect.poll(text).toBe('     12.3 ms  low-level   sh  low-level/create x 1  [2J\n');
  const failed = { error: 'EPERM', message: 'not permitted', remedy: 'be root' };
  const other = { ...act, span: 's2', step: 'low-level/start' } as const;
  chain.events([
    sampleEvent(3, { ...other, type: 'begin' }),
    sampleEvent(4, { ...other, type: 'end', data: failed }),
  ]);
  chain.close();
  expect(text()).toContain('failed: low-level/start x 1  [2J: not permitted (be root)\n');
});

test('a crowd of the same kernel acts is one line, and no container can drive the terminal', () => {
  const { chain, text } = lines();
  const act = {
    type: 'log',
    step: 'kernel/cgroup-mkdir',
    layer: 'kernel',
    data: { name: 'x\u001b[31m' },
  } as const;
  chain.events([sampleEvent(1, act), sampleEvent(2, act), sampleEvent(3, act)]);
  chain.close();
  expect(text().split('\n')).toHaveLength(2);
  expect(text()).toContain('kernel/cgroup-mkdir x 3');
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
