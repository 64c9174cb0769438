import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { type ImportOptions, importTrace } from '../../../apps/agent/src/library/importTrace.ts';
import { sampleEvents, sampleHeader, sampleText } from '../../trace/sample.ts';

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'underdock-import-'));
});
afterEach(() => rmSync(folder, { recursive: true }));

async function* chunks(bytes: Uint8Array, size = 1000) {
  for (let from = 0; from < bytes.length; from += size) yield bytes.subarray(from, from + size);
}

const take = (bytes: string | Uint8Array, more: Partial<ImportOptions> = {}) =>
  importTrace(chunks(Buffer.from(bytes)), { folder, unique: 'one', ...more });
const text = sampleText();
const named = (id: string) => sampleText(sampleEvents(), sampleHeader({ id }));

describe('a trace from outside', () => {
  it('is taken as it is, plain or packed, and lies there as any other', async () => {
    expect(await take(text)).toMatchObject({ id: 'abc123', state: 'whole', events: 8 });
    expect(await take(gzipSync(named('packed')))).toMatchObject({ id: 'packed', state: 'whole' });
    expect(readdirSync(folder).sort()).toEqual(['abc123.chain', 'packed.chain']);
    expect(readFileSync(join(folder, 'abc123.chain'), 'utf8')).toBe(text);
    expect(readFileSync(join(folder, 'packed.chain'), 'utf8')).toBe(named('packed'));
  });

  it('that is cut, in a line, after one, or in its packing, is taken and marked as cut', async () => {
    const lines = text.split('\n');
    expect(await take(lines.slice(0, 5).join('\n'))).toMatchObject({ state: 'cut' });
    expect(await take(named('b').slice(0, -40))).toMatchObject({ id: 'b', state: 'cut' });
    const packed = gzipSync(named('c'), { level: 1 });
    expect(await take(packed.subarray(0, packed.length - 40))).toMatchObject({ id: 'c', state: 'cut' });
  });

  it('never takes the place of one that is there, not even the same one', async () => {
    writeFileSync(join(folder, 'abc123.chain'), 'mine');
    await expect(take(text)).rejects.toMatchObject({
      code: 'already-there',
      message: expect.stringContaining('starter echo hi'),
    });
    expect(readdirSync(folder)).toEqual(['abc123.chain']);
    expect(readFileSync(join(folder, 'abc123.chain'), 'utf8')).toBe('mine');
  });
});

describe('what is no trace is refused with what is wrong, and leaves nothing behind', () => {
  const damaged = gzipSync(text);
  damaged.fill(0xff, 40, 60);
  it.each([
    ['a text', 'hello\nworld\n', /no header of a trace/],
    ['nothing', '', /the file is empty/],
    ['a line that is no event', text.replace('"grade":"observed"', '"grade":"sure"'), /line 2 is no event/],
    ['an order that is wrong', text.replace('"seq":3', '"seq":4'), /seq is 4, expected 3/],
    ['a damaged packing', damaged, /the gzip file is damaged/],
    ['an id that leads elsewhere', named('../../etc/cron.d/x'), /header of this trace is faulty: id/],
    ['a newer form', text.replace('"underdock":1', '"underdock":99'), /99/],
  ])('%s', async (_, bytes, message) => {
    await expect(take(bytes)).rejects.toMatchObject({
      code: 'broken-trace',
      message: expect.stringMatching(message),
    });
    expect(readdirSync(folder)).toEqual([]);
  });

  it('more than fits, packed or unpacked', async () => {
    await expect(take(text, { mostBytes: 1500 })).rejects.toMatchObject({ code: 'too-large' });
    const bomb = gzipSync(Buffer.concat([Buffer.from(text), Buffer.alloc(50_000_000, 32)]));
    expect(bomb.length).toBeLessThan(60_000);
    await expect(take(bomb, { mostUnpacked: 1_000_000 })).rejects.toMatchObject({ code: 'too-large' });
    expect(readdirSync(folder)).toEqual([]);
  });
});
