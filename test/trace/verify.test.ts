import { encodeLine, type TraceEvent, verifyTrace } from '@underdock/trace';
import { describe, expect, test } from 'vitest';
import { sampleEvent, sampleEvents, sampleHeader, sampleText } from './sample.ts';

const SPAN = { step: 'client/run', layer: 'client', span: 's1' } as const;

function verify(events: TraceEvent[]) {
  return verifyTrace([sampleText(events)]);
}

test('a whole trace is whole', async () => {
  expect(await verifyTrace([sampleText()])).toEqual({ state: 'whole', events: 8, faults: [] });
});

test('a trace of a header alone is whole', async () => {
  expect(await verify([])).toEqual({ state: 'whole', events: 0, faults: [] });
});

test('a trace without its end is cut, and names what never ends', async () => {
  const verdict = await verify(sampleEvents().slice(0, 3));
  expect(verdict.state).toBe('cut');
  expect(verdict.faults.map((fault) => fault.message)).toEqual([
    'span s1 (client/run) began at line 2 and never ends',
    'span s2 (high-level/fetch-layer) began at line 3 and never ends',
  ]);
});

test('a trace whose last line is half is cut', async () => {
  expect((await verifyTrace([sampleText().slice(0, -30)])).state).toBe('cut');
});

test('an older event is allowed up to 250 ms', async () => {
  expect((await verify([sampleEvent(1, { at: 250 }), sampleEvent(2, { at: 0 })])).state).toBe('whole');
});

const layer = (seq: number, digest: string) =>
  sampleEvent(seq, {
    type: 'fact',
    step: 'high-level/has-layer',
    layer: 'high-level',
    data: { index: 0, digest },
  });

describe('a broken trace is told by a line for each fault', () => {
  test.each<[string, TraceEvent[], string]>([
    ['a gap in seq', [sampleEvent(1), sampleEvent(3)], 'line 3: seq is 3, expected 2'],
    ['a seq twice', [sampleEvent(1), sampleEvent(1)], 'line 3: seq is 1, expected 2'],
    ['time running back', [sampleEvent(1, { at: 300 }), sampleEvent(2, { at: 1 })], '299.0 ms older'],
    ['an end without begin', [sampleEvent(1, { ...SPAN, type: 'end' })], 'which never began'],
    ['a begin without span', [sampleEvent(1, { type: 'begin' })], 'has no span'],
    ['a progress without span', [sampleEvent(1, { type: 'progress' })], 'has no span'],
    ['a log on an unknown span', [sampleEvent(1, { span: 's9' })], 'span s9, which never began'],
    ['an unknown cause', [sampleEvent(1, { cause: ['s9'] })], 'caused by span s9'],
    [
      'a span begun twice',
      [sampleEvent(1, { ...SPAN, type: 'begin' }), sampleEvent(2, { ...SPAN, type: 'begin' })],
      'began before, at line 2',
    ],
    [
      'a span ended twice',
      [
        sampleEvent(1, { ...SPAN, type: 'begin' }),
        sampleEvent(2, { ...SPAN, type: 'end' }),
        sampleEvent(3, { ...SPAN, type: 'end' }),
      ],
      'has ended already',
    ],
    [
      'a span that ends as another step',
      [
        sampleEvent(1, { ...SPAN, type: 'begin' }),
        sampleEvent(2, { ...SPAN, step: 'client/attach', type: 'end' }),
      ],
      'ends as client/attach',
    ],
    ['a digest that is none', [layer(1, 'sha256:abc')], 'is no digest'],
    [
      'a layer with two digests',
      [layer(1, `sha256:${'a'.repeat(64)}`), layer(2, `sha256:${'b'.repeat(64)}`)],
      'was sha256:aaaa',
    ],
    [
      'an unknown step on a foreign layer',
      [sampleEvent(1, { step: 'engine/new-thing' })],
      'is on layer kernel',
    ],
  ])('%s', async (_name, events, says) => {
    const verdict = await verify(events);
    expect(verdict.state).toBe('broken');
    expect(verdict.faults.map((fault) => fault.message).join('\n')).toContain(says);
  });

  test('a line that is no event', async () => {
    const verdict = await verifyTrace([`${sampleText()}garbage\n`]);
    expect(verdict).toMatchObject({ state: 'broken', events: 8, faults: [{ line: 10 }] });
  });

  test('a file that is no trace', async () => {
    expect(await verifyTrace(['{}\n'])).toMatchObject({ state: 'broken', events: 0, faults: [{ line: 1 }] });
  });
});

test('a file of nothing but faults is not read to its end', async () => {
  let lines = 0;
  function* endless() {
    yield encodeLine(sampleHeader());
    for (;;) {
      lines++;
      yield 'x\n';
    }
  }
  const verdict = await verifyTrace(endless());
  expect(verdict.state).toBe('broken');
  expect(lines).toBeLessThan(2000);
});
