import { collectTrace, encodeLine, MAX_DEPTH, MAX_LINE, TraceError, verifyTrace } from '@underdock/trace';
import { describe, expect, test } from 'vitest';
import { sampleEvent, sampleEvents, sampleHeader, sampleText } from './sample.ts';

const collect = (...chunks: string[]) => collectTrace(chunks);
/** A trace with one line of somebody else’s between its events. */
const withLine = (line: string) => `${sampleText([sampleEvent(1)])}${line}\n${encodeLine(sampleEvent(2))}`;

describe('what is no trace is told in words that say what it is', () => {
  test.each<[string, string]>([
    ['<!doctype html>\n<html>', 'this is a web page'],
    ['version https://git-lfs.github.com/spec/v1\noid sha256:0', 'git lfs pull'],
    ['PK\u0003\u0004\u0014', 'zip archive'],
    ['\u001f\ufffd\u0008\u0000', 'packed twice'],
    ['(\ufffd/\ufffd$', 'zstd'],
    ['\ufffd\ufffd{\u0000"\u0000', 'no UTF-8 text'],
    ['{"\u0000u\u0000', 'no UTF-8 text'],
    ['{\n  "underdock": 1\n}', 'JSON over several lines'],
    ['[{"underdock":1}]', 'JSON list'],
    ['{"traceEvents":[]}', 'another format'],
    [encodeLine(sampleEvent(1)), 'the header is missing'],
  ])('%j', async (text, says) => {
    const error = await collect(text).catch((thrown) => thrown);
    expect(error).toBeInstanceOf(TraceError);
    expect(error.message).toContain('no header of a trace');
    expect(error.message).toContain(says);
  });

  test.each<[string, object, string]>([
    ['an unknown way in', { via: 'train' }, 'via has to be embedded, docker'],
    ['a number as title', { title: 7 }, 'title has to be of the type string'],
    ['an id that is a path', { id: '../../etc/passwd' }, 'id is not written as'],
    ['a command without end', { command: Array(1001).fill('x') }, 'command is longer or larger than 1000'],
    ['no host', { host: undefined }, 'host has to be of the type object'],
  ])('a faulty header names its field: %s', async (_name, part, says) => {
    const text = encodeLine({ ...sampleHeader(), ...part } as never);
    await expect(collect(text)).rejects.toThrow(says);
  });
});

describe('a reader keeps what is whole of a hostile file', () => {
  test.each<[string, string, string]>([
    ['a line of 5 MiB', 'x'.repeat(5 * 2 ** 20), `line 3 is longer than ${MAX_LINE} characters`],
    ['lists in lists', `{"data":${'['.repeat(100_000)}${']'.repeat(100_000)}}`, 'nested deeper'],
    [
      'objects in objects',
      encodeLine(sampleEvent(9))
        .trim()
        .replace('"data":{', `"data":{"a":${'{"a":'.repeat(MAX_DEPTH)}1${'}'.repeat(MAX_DEPTH)},`),
      'nested deeper',
    ],
    [
      'an instant beyond all numbers',
      encodeLine(sampleEvent(9)).trim().replace('"at":9', '"at":1e999'),
      'at has to be',
    ],
    [
      'an instant of a million years',
      encodeLine(sampleEvent(9, { at: 3e16 })).trim(),
      'at is longer or larger',
    ],
    ['an instant that is none', encodeLine(sampleEvent(9)).trim().replace('"at":9', '"at":NaN'), 'not JSON'],
    [
      'a type of the future',
      encodeLine(sampleEvent(9, { type: 'wish' as never })).trim(),
      'type has to be begin',
    ],
    ['a step that is a path', encodeLine(sampleEvent(9, { step: '../x' })).trim(), 'step is not written as'],
  ])('%s', async (_name, line, says) => {
    const trace = await collect(withLine(line));
    expect(trace.events.map(({ seq }) => seq)).toEqual([1, 2]);
    expect(trace.faults).toHaveLength(1);
    expect(trace.faults[0]).toContain(says);
    expect((await verifyTrace([withLine(line)])).state).toBe('broken');
  });

  test('a key that would change an object’s nature is taken out, at every depth', async () => {
    const data = '{"__proto__":{"x":1},"deep":[{"__proto__":{"x":1},"kept":2}],"constructor":3}';
    const line = encodeLine(sampleEvent(1)).replace(/"data":\{[^}]*\}/, `"data":${data}`);
    const [event] = (await collect(encodeLine(sampleHeader()), line)).events;
    expect(JSON.stringify(event!.data)).toBe('{"deep":[{"kept":2}],"constructor":3}');
    expect(({} as Record<string, unknown>).x).toBeUndefined();
  });

  test('half characters become whole ones, in values and in keys', async () => {
    const event = sampleEvent(1, { data: { '\ud800k': '\udc00', list: ['a\ud83d'], fine: '🥊' } });
    const [read] = (await collect(sampleText([event]))).events;
    expect(read!.data).toEqual({ '\ufffdk': '\ufffd', list: ['a\ufffd'], fine: '🥊' });
  });

  test('what stands there twice is taken once, whatever the second one says', async () => {
    const twice = [...sampleEvents(), sampleEvent(3, { step: 'kernel/unshare' })];
    const trace = await collect(sampleText(twice));
    expect(trace.events).toEqual(sampleEvents());
    expect(trace.faults).toEqual(['one event stands there again: each is taken once']);
  });

  test('a second header ends the trace: what follows belongs to another one', async () => {
    const trace = await collect(sampleText() + sampleText([sampleEvent(99)]));
    expect(trace.events).toEqual(sampleEvents());
    expect(trace.faults).toEqual([expect.stringContaining('line 10 is a second header')]);
  });

  test('a mark of the byte order and ends of lines of other systems are no faults', async () => {
    const trace = await collect(`\ufeff${sampleText().replaceAll('\n', '\r\n')}`);
    expect(trace).toEqual({ header: sampleHeader(), events: sampleEvents(), faults: [], cut: false });
  });

  test('an error of whoever brings the text leaves what came before', async () => {
    async function* torn() {
      yield sampleText().slice(0, -30);
      throw new Error('the disk is gone');
    }
    const trace = await collectTrace(torn());
    expect(trace.events).toHaveLength(7);
    expect(trace.faults).toEqual([expect.stringContaining('the disk is gone')]);
  });

  test('reading stops where there is no more room, and says so', async () => {
    const text = sampleText(Array.from({ length: 50 }, (_, index) => sampleEvent(index + 1)));
    const few = await collectTrace([text], { events: 20, weight: 1e9 });
    expect(few.events).toHaveLength(20);
    expect(few.faults).toEqual(['this trace has more than 20 events: the later ones are left out']);
    const light = await collectTrace([text], { events: 1e6, weight: 2 ** 13 });
    expect(light.events.length).toBeLessThan(20);
    expect(light.faults[0]).toContain('MiB of memory');
  });

  test('many small objects weigh what they cost, not what they measure', async () => {
    const swollen = (data: unknown) =>
      collectTrace([sampleText([sampleEvent(1, { data: { data } })])], { events: 9, weight: 200_000 });
    expect((await swollen('x'.repeat(30_000))).events).toHaveLength(1);
    expect((await swollen(Array(10_000).fill({}))).events).toHaveLength(0);
  });

  test.each(['\n', 'x\n'])('lines without end that are no events end the reading: %j', async (line) => {
    let pulled = 0;
    function* flood() {
      yield sampleText();
      for (;;) {
        pulled++;
        yield line.repeat(10_000);
      }
    }
    const trace = await collectTrace(flood());
    expect(trace.events).toEqual(sampleEvents());
    expect(trace.faults.at(-1)).toContain('hardly any line is an event');
    expect(pulled).toBeLessThan(5);
  });

  test('thousands of faulty lines are counted, not kept', async () => {
    const trace = await collect(sampleText(), 'x\n'.repeat(5000));
    expect(trace.faults).toHaveLength(1001);
    expect(trace.faults.at(-1)).toBe('and 4000 more faulty lines');
  });
});
