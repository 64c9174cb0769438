import type { RawRecord, SelfRecord } from '@underdock/weave';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { filterGauges } from '../../../apps/agent/src/run/gaugeFilter.ts';
import {
  createOutputLog,
  MOST_BYTES_PER_SECOND,
  MOST_OUTPUT_BYTES,
} from '../../../apps/agent/src/run/outputLog.ts';

beforeEach(() => vi.useFakeTimers());
afterEach(() => vi.useRealTimers());

function log() {
  const records: SelfRecord[] = [];
  let at = 0;
  const output = createOutputLog(
    (record) => records.push(record as SelfRecord),
    () => at,
  );
  const setTime = (ms: number) => {
    at = ms;
  };
  return { records, output, setTime };
}

const text = (record: SelfRecord | undefined) =>
  Buffer.from(String(record?.data.base64), 'base64').toString();

describe('a container’s output in the trace', () => {
  it('is one event for pieces that come together, dated when the first came', () => {
    const { records, output, setTime } = log();
    setTime(7);
    output.add('stdout', Buffer.from('he'));
    setTime(9);
    output.add('stdout', Buffer.from('llo'));
    vi.advanceTimersByTime(20);
    expect(records.map((record) => [record.at, record.data.stream, text(record)])).toEqual([
      [7, 'stdout', 'hello'],
    ]);
  });

  it('keeps the order of the two streams', () => {
    const { records, output } = log();
    output.add('stdout', Buffer.from('a'));
    output.add('stderr', Buffer.from('b'));
    output.add('stdout', Buffer.from('c'));
    output.close();
    expect(records.map((record) => `${record.data.stream}:${text(record)}`)).toEqual([
      'stdout:a',
      'stderr:b',
      'stdout:c',
    ]);
  });

  it('stops at so many bytes a second, says so once, and counts the rest at the end', () => {
    const { records, output, setTime } = log();
    output.add('stdout', Buffer.alloc(MOST_BYTES_PER_SECOND + 5));
    output.add('stdout', Buffer.alloc(10));
    setTime(1000);
    output.add('stdout', Buffer.alloc(3));
    output.close();
    const limits = records.filter((record) => record.step === 'process/output-limit');
    expect(limits.map((record) => record.data)).toEqual([
      { keptBytes: MOST_BYTES_PER_SECOND },
      { keptBytes: MOST_BYTES_PER_SECOND + 3, omittedBytes: 15 },
    ]);
  });

  it('never holds more than its limit, however long it goes on', () => {
    const { records, output, setTime } = log();
    for (let second = 0; second < 20; second++) {
      setTime(second * 1000);
      output.add('stdout', Buffer.alloc(600_000));
    }
    output.close();
    const kept = records.map((record) => Buffer.from(String(record.data.base64 ?? ''), 'base64').length);
    expect(kept.reduce((sum, bytes) => sum + bytes, 0)).toBe(MOST_OUTPUT_BYTES);
  });
});

describe('gauges in the trace', () => {
  const gauge = (at: number, now: number): RawRecord => ({
    kind: 'read-back',
    at,
    step: 'kernel/has-cgroup-value',
    layer: 'kernel',
    actor: { name: 'sh' },
    data: { file: '/memory.max', now },
    file: '/memory.max',
    text: '',
  });

  it('are told when they change notably', () => {
    const passed: RawRecord[] = [];
    const add = filterGauges((record) => passed.push(record));
    for (const [at, now] of [
      [0, 100],
      [1000, 100],
      [2000, 100.5],
      [3000, 150],
      [3500, 200],
    ] as const)
      add(gauge(at, now));
    expect(passed.map((record) => record.at)).toEqual([0, 3000]);
  });

  it('grow by hundreds in a week, not by hundreds of thousands', () => {
    let passed = 0;
    const add = filterGauges(() => passed++);
    for (let second = 0; second < 7 * 86_400; second++)
      add(gauge(second * 1000, second % 2 === 0 ? 1 : 1000));
    expect(passed).toBeGreaterThan(300);
    expect(passed).toBeLessThan(1500);
  });

  it('let everything else pass', () => {
    const passed: RawRecord[] = [];
    const add = filterGauges((record) => passed.push(record));
    const record: RawRecord = { kind: 'clock', at: 1, source: 'x' };
    add(record);
    expect(passed).toEqual([record]);
  });
});
