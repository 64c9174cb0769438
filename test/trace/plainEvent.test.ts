import { isDeepStrictEqual } from 'node:util';
import { eventSchema, type TraceEvent } from '@underdock/trace';
import { describe, expect, it } from 'vitest';
import { isPlainEvent } from '../../packages/trace/src/plainEvent.ts';
import { RECORDED, recordedTrace } from '../fixtures/traces.ts';

const samples: TraceEvent[] = [];
for (const name of RECORDED) samples.push(...(await recordedTrace(name)).events.slice(0, 400));

const ODD: readonly unknown[] = [
  ...[
    undefined,
    null,
    true,
    '',
    'x',
    'a/b',
    'x'.repeat(41),
    'x'.repeat(65),
    'x'.repeat(200),
    'client/A',
    'a/b\n',
  ],
  ...[
    0,
    -1,
    1.5,
    1e13,
    Number.NaN,
    Number.POSITIVE_INFINITY,
    2 ** 53,
    [],
    [''],
    ['x'],
    {},
    { name: '' },
    { name: 'x' },
  ],
  ...[
    { name: 'x', pid: -1 },
    { name: 'x', more: 1 },
    [{ source: 'http', raw: {} }],
    [{ source: 'http', raw: [] }],
  ],
  ...[
    [{ source: 'nobody', raw: {} }],
    [{ source: 'http', raw: {}, more: 1 }],
    Array.from({ length: 17 }, () => 'x'),
  ],
];

/** As the schema sees it: a field that is undefined is not there. */
const withoutNothing = (event: Record<string, unknown>) => JSON.parse(JSON.stringify(event));

describe('the quick look at an event', () => {
  it('knows every recorded event', () => {
    expect(samples.filter((event) => !isPlainEvent({ ...event }))).toEqual([]);
  });

  it('says yes only where the schema does, and nothing would be taken out', () => {
    let yes = 0;
    for (const [index, event] of samples.entries()) {
      const keys = [...Object.keys(event), 'more', 'span', 'cause', 'container'];
      const key = keys[index % keys.length]!;
      const changed = { ...event, [key]: ODD[(index * 7) % ODD.length] } as Record<string, unknown>;
      if (!isPlainEvent(changed)) continue;
      yes++;
      const parsed = eventSchema.safeParse(changed);
      expect(parsed.success && parsed.data).toEqual(changed);
    }
    expect(yes).toBeGreaterThan(100);
  });

  it('agrees with the schema on every odd value in every place', () => {
    const [event] = samples;
    for (const key of [
      'seq',
      'at',
      'type',
      'step',
      'layer',
      'actor',
      'span',
      'cause',
      'container',
      'data',
      'evidence',
      'grade',
    ]) {
      for (const value of ODD) {
        const changed = { ...event!, [key]: value } as Record<string, unknown>;
        const parsed = eventSchema.safeParse(changed);
        const isSame =
          parsed.success && isDeepStrictEqual(withoutNothing(parsed.data), withoutNothing(changed));
        expect([key, value, isPlainEvent(changed)]).toEqual([key, value, isSame]);
      }
    }
  });
});
