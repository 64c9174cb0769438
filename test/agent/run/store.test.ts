import { existsSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync, writeSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TraceHeader, verifyTrace } from '@underdock/trace';
import { afterEach, beforeEach, expect, test } from 'vitest';
import {
  createTraceWriter,
  listTraces,
  type StoreError,
  traceFile,
} from '../../../apps/agent/src/run/store.ts';
import { sampleEvent, sampleHeader } from '../../trace/sample.ts';

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'underdock-store-'));
});
afterEach(() => rmSync(folder, { recursive: true }));

function header(id: string, startedAt = '2026-01-01T00:00:00.000Z'): TraceHeader {
  return sampleHeader({ id, title: `run ${id}`, startedAt });
}

test('every event is on disk as soon as it is appended, readable by its owner alone', async () => {
  const file = join(folder, 'deep', 'a.chain');
  const writer = createTraceWriter(file, header('a'));
  writer.append([sampleEvent(1), sampleEvent(2)]);
  expect(await verifyTrace([readFileSync(file, 'utf8')])).toMatchObject({ state: 'whole', events: 2 });
  expect(statSync(file).mode & 0o777).toBe(0o600);
  writer.append([sampleEvent(3)]);
  writer.close();
  writer.append([sampleEvent(4)]);
  expect(readFileSync(file, 'utf8').trim().split('\n')).toHaveLength(4);
});

test('a trace that exists is never written over', () => {
  const file = join(folder, 'a.chain');
  createTraceWriter(file, header('a')).close();
  expect(() => createTraceWriter(file, header('a'))).toThrow(/a\.chain can't be written \(EEXIST\)/);
});

test('a disk that fills up is told once and leaves whole lines', async () => {
  let room = 700;
  const faults: StoreError[] = [];
  const file = join(folder, 'a.chain');
  const writer = createTraceWriter(file, header('a'), {
    onFault: (fault) => faults.push(fault),
    write(fd, bytes, offset) {
      if (room === 0) throw Object.assign(new Error('no space'), { code: 'ENOSPC' });
      const taken = writeSync(fd, bytes, offset, Math.min(room, bytes.length - offset));
      room -= taken;
      return taken;
    },
  });
  for (let seq = 1; seq < 20; seq += 2) writer.append([sampleEvent(seq), sampleEvent(seq + 1)]);
  writer.close();
  expect(faults.map((fault) => fault.code)).toEqual(['disk-full']);
  expect(faults[0]?.remedy).toContain('--state DIR');
  const verdict = await verifyTrace([readFileSync(file, 'utf8')]);
  expect(verdict).toMatchObject({ state: 'whole', faults: [] });
  expect(verdict.events).toBeGreaterThan(0);
});

test('a disk that is full from the start leaves no empty file behind', () => {
  const file = join(folder, 'a.chain');
  const write = () => {
    throw Object.assign(new Error('no space'), { code: 'ENOSPC' });
  };
  expect(() => createTraceWriter(file, header('a'), { write })).toThrow(/the disk is full/);
  expect(existsSync(file)).toBe(false);
});

test('a place where no folder can be made is a clear error from the start', () => {
  expect(() => createTraceWriter('/dev/full/a.chain', header('a'))).toThrow(/can't be written/);
});

test('a trace stops growing at its limit', () => {
  const faults: StoreError[] = [];
  const writer = createTraceWriter(join(folder, 'a.chain'), header('a'), {
    maxBytes: 1000,
    onFault: (fault) => faults.push(fault),
  });
  for (let seq = 1; seq < 50; seq++) writer.append([sampleEvent(seq)]);
  writer.close();
  expect(faults.map((fault) => fault.code)).toEqual(['trace-too-large']);
  expect(statSync(writer.file).size).toBeLessThanOrEqual(1000);
});

test('traces are listed newest first; other files and ids that lead elsewhere are not found', async () => {
  createTraceWriter(join(folder, 'old.chain'), header('old')).close();
  createTraceWriter(join(folder, 'new.chain'), header('new', '2026-02-01T00:00:00.000Z')).close();
  writeFileSync(join(folder, 'notes.txt'), 'hello');
  writeFileSync(join(folder, 'broken.chain'), 'hello');
  expect((await listTraces(folder)).map((one) => one.id)).toEqual(['new', 'old']);
  expect(await listTraces(join(folder, 'nowhere'))).toEqual([]);
  expect(await traceFile(folder, 'new')).toBe(join(folder, 'new.chain'));
  for (const id of ['../new', 'a/b', '', '.', 'gone', '..%2fnew'])
    expect(await traceFile(folder, id)).toBeUndefined();
});
