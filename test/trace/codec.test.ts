import { decodeTrace, encodeLine, MAX_LINE, MAX_SKIPPED, TraceError, type TraceItem } from '@underdock/trace';
import { describe, expect, test } from 'vitest';
import { sampleEvent, sampleEvents, sampleHeader, sampleText } from './sample.ts';

async function read(chunks: Iterable<string> | AsyncIterable<string>): Promise<TraceItem[]> {
  const items: TraceItem[] = [];
  for await (const item of decodeTrace(chunks)) items.push(item);
  return items;
}

const kinds = (items: TraceItem[]) => items.map((item) => item.kind);

test('what was encoded is decoded again, object for object', async () => {
  const items = await read([sampleText()]);
  expect(items[0]).toEqual({ kind: 'header', header: sampleHeader() });
  expect(items.slice(1).map((item) => item.kind === 'event' && item.event)).toEqual(sampleEvents());
});

test('text may come in chunks of any size, also one character at a time', async () => {
  const text = sampleText([sampleEvent(1, { data: { text: 'zwölf Boxkämpfer 🥊  ' } })]);
  const whole = await read([text]);
  for (const size of [1, 2, 7, 100]) {
    const chunks = Array.from({ length: Math.ceil(text.length / size) }, (_, i) =>
      text.slice(i * size, (i + 1) * size),
    );
    expect(await read(chunks)).toEqual(whole);
  }
});

test('every line is one line, whatever its strings hold', () => {
  const line = encodeLine(sampleEvent(1, { data: { text: 'a\nb\r\n\u0000' } }));
  expect(line.indexOf('\n')).toBe(line.length - 1);
});

test('a file that a crash cut off is read up to its last whole line, wherever the cut is', async () => {
  const text = sampleText();
  const header = encodeLine(sampleHeader()).length;
  for (let cut = header; cut < text.length; cut++) {
    const items = await read([text.slice(0, cut)]);
    const whole = text.slice(0, cut).split('\n').length - 2;
    const events = items.filter((item) => item.kind === 'event').length;
    const atLineEnd = text[cut - 1] === '\n';
    const lacksNewlineOnly = text[cut] === '\n';
    expect(kinds(items).includes('cut')).toBe(!atLineEnd && !lacksNewlineOnly);
    expect(events).toBe(whole + (lacksNewlineOnly ? 1 : 0));
  }
});

test('a header without its newline is a trace without events', async () => {
  expect(kinds(await read([encodeLine(sampleHeader()).trim()]))).toEqual(['header']);
});

test('empty lines are passed over', async () => {
  expect(kinds(await read([sampleText().replaceAll('\n', '\n\n \r\n')]))).not.toContain('fault');
});

describe('a file that is no trace says so', () => {
  test.each([
    ['', 'not-a-trace'],
    ['\n\n', 'not-a-trace'],
    ['hello\n', 'not-a-trace'],
    ['[1,2]\n', 'not-a-trace'],
    ['null\n', 'not-a-trace'],
    ['{"a":1}\n', 'not-a-trace'],
    ['{"underdock":"1"}\n', 'not-a-trace'],
    ['{"underdock":0}\n', 'not-a-trace'],
    ['{"underdock":1.5}\n', 'not-a-trace'],
    ['{"underdock":1}\n', 'bad-header'],
    ['{"underdock":2}\n', 'too-new'],
    ['{"underdock":1', 'not-a-trace'],
    ['x'.repeat(MAX_LINE + 1), 'line-too-long'],
  ])('%.40s', async (text, code) => {
    const error = await read([text]).catch((thrown) => thrown);
    expect(error).toBeInstanceOf(TraceError);
    expect(error.code).toBe(code);
  });

  test('a newer format asks for a newer underdock', async () => {
    await expect(read([sampleText().replace('"underdock":1', '"underdock":7')])).rejects.toThrow(
      /update underdock/,
    );
  });
});

describe('a faulty event is passed over and named by its line', () => {
  test.each([
    ['no JSON', '{"seq":', 'not-json'],
    ['no object', '[]', 'not-json'],
    ['no layer', encodeLine({ ...sampleEvent(2), layer: 'deep' as never }).trim(), 'bad-event'],
    ['an unknown type', encodeLine({ ...sampleEvent(2), type: 'wish' as never }).trim(), 'bad-event'],
    ['a step without layer', encodeLine(sampleEvent(2, { step: 'exit' })).trim(), 'bad-event'],
    ['a seq of 0', encodeLine(sampleEvent(0)).trim(), 'bad-event'],
    ['an endless cause', encodeLine(sampleEvent(2, { cause: Array(17).fill('s1') })).trim(), 'bad-event'],
  ])('%s', async (_name, line, code) => {
    const text = `${sampleText([sampleEvent(1)])}${line}\n${encodeLine(sampleEvent(3))}`;
    const items = await read([text]);
    expect(kinds(items)).toEqual(['header', 'event', 'fault', 'event']);
    expect(items[2]).toMatchObject({ line: 3, error: { code, line: 3 } });
  });

  test('an unknown step is no fault', async () => {
    const items = await read([sampleText([sampleEvent(1, { step: 'kernel/brand-new', data: { x: 1 } })])]);
    expect(kinds(items)).toEqual(['header', 'event']);
  });
});

test('a line that never ends, ends the reading instead of filling memory', async () => {
  let pulled = 0;
  function* endless() {
    yield sampleText();
    for (;;) {
      pulled++;
      yield 'x'.repeat(65_536);
    }
  }
  await expect(read(endless())).rejects.toMatchObject({ code: 'line-too-long', line: 10 });
  expect(pulled).toBeLessThan(2 + MAX_SKIPPED / 65_536);
});
