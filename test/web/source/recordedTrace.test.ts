import { readFileSync } from 'node:fs';
import { gunzipSync, gzipSync } from 'node:zlib';
import { encodeLine } from '@underdock/trace';
import { describe, expect, it } from 'vitest';
import { RecordedTrace } from '../../../apps/web/src/source/recordedTrace.ts';
import { fileAt, givenTraces, localFile, traceAddress } from '../../../apps/web/src/source/traceFile.ts';
import { recordedTrace } from '../../fixtures/traces.ts';

const bytes = readFileSync(new URL('../../fixtures/traces/runc.chain.gz', import.meta.url));
const { header, events } = await recordedTrace('runc');
const plain = gunzipSync(bytes);

/** What a page knows of a file once it has been read, and how often it heard of it. */
async function read(content: Uint8Array, piece = 65_536) {
  const stream = () =>
    new ReadableStream<Uint8Array<ArrayBuffer>>({
      start(controller) {
        for (let at = 0; at < content.length; at += piece)
          controller.enqueue(Uint8Array.from(content.subarray(at, at + piece)));
        controller.close();
      },
    });
  let changes = 0;
  const trace = new RecordedTrace(localFile({ name: 'a.chain', stream }));
  trace.subscribe(() => changes++);
  await trace.done;
  return { ...trace.snapshot(), changes };
}

describe('a trace in a file', () => {
  it.each([
    ['packed', bytes, 65_536],
    ['packed, in small pieces', bytes, 97],
    ['plain', plain, 65_536],
  ])('is read as it was written: %s', async (_, content, piece) => {
    const got = await read(content, piece);
    expect(got).toMatchObject({ closed: true, caughtUp: true, problem: undefined });
    expect(got.header).toEqual(header);
    expect(got.events).toEqual(events);
  });

  it('shows what is whole of a file that was cut off, and says so', async () => {
    const got = await read(plain.subarray(0, plain.length - 40));
    expect(got.events).toEqual(events.slice(0, -1));
    expect(got.problem?.message).toMatch(/ends in the middle of a line/);
  });

  it('shows what is whole of a gzip file that was cut off', async () => {
    const got = await read(bytes.subarray(0, bytes.length - 2000));
    expect(got.events.length).toBeGreaterThan(10);
    expect(got.events).toEqual(events.slice(0, got.events.length));
    expect(got.problem?.message).toMatch(/can’t be read on/);
  });

  it('leaves out lines that are no events, and says how many', async () => {
    const lines = plain.toString().split('\n');
    lines.splice(3, 0, 'no json', '{"seq":-1}');
    const got = await read(Buffer.from(lines.join('\n')));
    expect(got.events).toEqual(events);
    expect(got.problem?.message).toBe('2 lines could not be read and are left out');
  });

  it('takes an event that stands there twice once', async () => {
    const twice = [header, ...events.slice(0, 30), ...events.slice(10)].map(encodeLine).join('');
    expect((await read(Buffer.from(twice))).events).toEqual(events);
  });

  it('says of what is no trace that it is none, and what would be', async () => {
    for (const content of [Buffer.from('<html>'), Buffer.alloc(0), gzipSync(Buffer.from('hello\n'))]) {
      const { problem, header: none } = await read(content);
      expect(none).toBeUndefined();
      expect(problem?.message).toMatch(/no header of a trace|empty|not JSON/);
      expect(problem?.remedy).toMatch(/\.chain/);
    }
  });

  it('names the version of a trace that is too new', async () => {
    const { problem } = await read(Buffer.from(encodeLine({ ...header, underdock: 99 } as never)));
    expect(problem?.message).toMatch(/format version 99/);
  });

  it('stops reading when nobody looks any more', async () => {
    const trace = new RecordedTrace(localFile({ name: 'a', stream: () => new Blob([plain]).stream() }));
    trace.close();
    await trace.done;
    expect(trace.snapshot().events.length).toBe(0);
  });
});

describe('the address of a trace', () => {
  const page = new URL('https://example.org/lab/');

  it.each([
    ['a.chain.gz', 'https://example.org/lab/a.chain.gz'],
    ['https://other.org/b.chain', 'https://other.org/b.chain'],
  ])('may be relative or whole: %s', (given, meant) => {
    expect(traceAddress(given, page).href).toBe(meant);
  });

  it('is absent from most pages, and may be there several times: at most four', () => {
    expect(givenTraces(page)).toEqual([]);
    expect(givenTraces(new URL('?trace=', page))).toEqual([]);
    const many = new URL('?trace=a.chain&trace=b/c.chain.gz&trace=d&trace=e&trace=f', page);
    expect(givenTraces(many).map(({ name }) => name)).toEqual(['a.chain', 'c.chain.gz', 'd', 'e']);
  });

  it('goes by its name as it stands where that is not written as addresses are', async () => {
    expect(
      givenTraces(new URL('?trace=50%25.chain&trace=a%2520b.chain', page)).map(({ name }) => name),
    ).toEqual(['50%.chain', 'a b.chain']);
  });

  it.each(['javascript:alert(1)', 'file:///etc/passwd', 'data:text/plain,x', 'blob:https://example.org/1'])(
    'is never %s',
    async (given) => {
      expect(() => traceAddress(given, page)).toThrow(/no address of a trace/);
      const [file] = givenTraces(new URL(`?trace=${encodeURIComponent(given)}`, page));
      await expect(file?.open()).rejects.toThrow(/no address of a trace/);
    },
  );

  it('that does not answer is told with what to do', async () => {
    const away = fileAt(new URL('a.chain', page), () => Promise.reject(new TypeError('failed')));
    await expect(away.open()).rejects.toMatchObject({
      code: 'unreachable',
      remedy: expect.stringMatching(/CORS/),
    });
    const none = fileAt(new URL('a.chain', page), async () => new Response('', { status: 404 }));
    await expect(none.open()).rejects.toThrow(/404/);
  });
});
