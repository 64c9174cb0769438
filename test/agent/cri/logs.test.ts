import { appendFileSync, mkdtempSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { endOf, followLog, LogLines, parseLogLine } from '../../../apps/agent/src/via/cri/logs.ts';

const AT = '2026-01-01T00:00:00.000000001Z';
const line = (text: string) => parseLogLine(Buffer.from(text));

describe('a line of a CRI log', () => {
  test('is a line of one stream, with its end', () => {
    expect(line(`${AT} stderr F no such file`)).toEqual({
      stream: 'stderr',
      bytes: Buffer.from('no such file\n'),
    });
  });

  test('that is partial goes on in the next one', () => {
    expect(line(`${AT} stdout P abc`)?.bytes.toString()).toBe('abc');
    expect(line(`${AT} stdout P:other abc`)?.bytes.toString()).toBe('abc');
  });

  test('may be empty, and may hold any bytes', () => {
    expect(line(`${AT} stdout F `)?.bytes.toString()).toBe('\n');
    expect(line(`${AT} stdout F`)?.bytes.toString()).toBe('\n');
    const bytes = Buffer.concat([Buffer.from(`${AT} stdout P `), Buffer.from([0, 255, 32, 13])]);
    expect(parseLogLine(bytes)?.bytes).toEqual(Buffer.from([0, 255, 32, 13]));
  });

  test.each(['', 'nonsense', `${AT} stdin F x`, AT])('that makes no sense is left out: %j', (text) => {
    expect(line(text)).toBeUndefined();
  });
});

test('a log that is read in pieces gives the same lines as one that is read at once', () => {
  const text = Buffer.from(`${AT} stdout F one\n${AT} stderr P two\n${AT} stdout F three\n`);
  const whole = new LogLines().take(text);
  for (let size = 1; size < text.length; size++) {
    const lines = new LogLines();
    const pieces = [];
    for (let at = 0; at < text.length; at += size) pieces.push(...lines.take(text.subarray(at, at + size)));
    expect(pieces).toEqual(whole);
  }
});

describe('a log that is followed', () => {
  let folder: string;
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'underdock-log-'));
  });
  afterEach(() => rmSync(folder, { recursive: true }));

  test('is passed on as it grows, from a file that comes later, to its end', async () => {
    const file = join(folder, '0.log');
    const said = { stdout: '', stderr: '' };
    const log = followLog(file, (stream, bytes) => {
      said[stream] += Buffer.from(bytes).toString();
    });
    await new Promise((resolve) => setTimeout(resolve, 50));
    appendFileSync(file, `${AT} stdout F one\n${AT} std`);
    await expect.poll(() => said.stdout).toBe('one\n');
    appendFileSync(file, `err F two\n`);
    await log.finish();
    expect(said).toEqual({ stdout: 'one\n', stderr: 'two\n' });
  });

  test('that never comes is no failure', async () => {
    await followLog(join(folder, 'nowhere'), () => {}).finish();
  });

  test('does not fill the disk with what was passed on', async () => {
    const file = join(folder, '0.log');
    let bytes = 0;
    const count = (_: string, piece: Uint8Array) => {
      bytes += piece.length;
    };
    const log = followLog(file, count, 64 * 1024);
    for (let n = 0; n < 32; n++) appendFileSync(file, `${AT} stdout F ${'x'.repeat(99)}\n`.repeat(500));
    await log.finish();
    expect(bytes).toBe(32 * 500 * 100);
    const { size, blocks } = statSync(file);
    expect(size).toBeGreaterThan(2_000_000);
    expect(blocks * 512).toBeLessThan(400_000);
    expect((await endOf(file, 1000)).toString()).toMatch(/^2026.*x\n$/s);
  });

  test('is asked for its end alone, by whole lines, where it is long', async () => {
    const file = join(folder, '0.log');
    appendFileSync(file, 'one\ntwo\nthree\n');
    expect((await endOf(file, 100)).toString()).toBe('one\ntwo\nthree\n');
    expect((await endOf(file, 8)).toString()).toBe('three\n');
  });
});
