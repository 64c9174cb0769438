import type { TraceEvent } from '@underdock/trace';
import { describe, expect, it } from 'vitest';
import { outputsOf, outputText, plain, toBase64 } from '../../../apps/web/src/views/output/text.ts';

const output = (bytes: Uint8Array | string, stream = 'stdout', step = 'process/output') =>
  ({ step, data: { stream, base64: Buffer.from(bytes).toString('base64') } }) as unknown as TraceEvent;

const textOf = (events: TraceEvent[], upTo: number) => outputText(outputsOf(events, events.length), upTo);

describe('what a container wrote', () => {
  it('is put together again where a character was split between two events', () => {
    const bytes = Buffer.from('zwölf');
    const events = [output(bytes.subarray(0, 3)), output('!', 'stderr'), output(bytes.subarray(3))];
    expect(textOf(events, 3).text).toBe('zw!ölf');
  });

  it('ends where the reader stands', () => expect(textOf([output('a'), output('b')], 1).text).toBe('a'));

  it('loses what steers a terminal, and keeps its text', () =>
    expect(plain('\x1b[31mred\x1b[0m\r\n\x1b]0;title\x07ok\x08\tend')).toBe('red\nok\tend'));

  it('passes over an event that is not well-formed', () => {
    const broken = {
      step: 'process/output',
      data: { stream: 'stdout', base64: '***' },
    } as unknown as TraceEvent;
    expect(textOf([broken, output('a')], 2).text).toBe('a');
  });

  it('tells how much was not kept', () => {
    const limit = { step: 'process/output-limit', data: { omittedBytes: 12 } } as unknown as TraceEvent;
    expect(textOf([output('a'), limit], 2)).toEqual({ text: 'a', omittedBytes: 12, hiddenBytes: 0 });
  });

  it('says how much was left out when the trace was shared', () => {
    const hidden = { ...output(''), data: { stream: 'stdout', base64: '', hiddenBytes: 7 } };
    expect(textOf([hidden, output('b')], 2)).toEqual({ text: 'b', omittedBytes: 0, hiddenBytes: 7 });
  });

  it('keeps the newest of very much', () => {
    const { text } = textOf([output('a'.repeat(300_000)), output('end')], 2);
    expect(text.length).toBeLessThanOrEqual(200_000);
    expect(text.endsWith('end')).toBe(true);
  });
});

describe('what is typed', () => {
  it('travels as UTF-8', () => expect(Buffer.from(toBase64('ü\n'), 'base64').toString()).toBe('ü\n'));
});
