import { TimeAxis, waitsOf } from '@underdock/chain';
import { describe, expect, it } from 'vitest';
import { recordedTrace } from '../fixtures/traces.ts';

describe('waits', () => {
  it('are the times between events that are long enough, and no others', async () => {
    const { events } = await recordedTrace('docker-run');
    const ordered = [...events].sort((a, b) => a.at - b.at || a.seq - b.seq);
    const waits = waitsOf(ordered, 100);
    expect(waits.length).toBeGreaterThan(2);
    for (const { from, to } of waits) {
      expect(to - from).toBeGreaterThanOrEqual(100);
      expect(ordered.filter(({ at }) => at > from && at < to)).toEqual([]);
    }
  });
});

describe('a line of time', () => {
  const waits = [
    { from: 10, to: 1010 },
    { from: 1020, to: 1025 },
    { from: 1030, to: 3030 },
  ];

  it('gives shortened waits as much room as they may have, and says how much it leaves out', () => {
    const axis = new TimeAxis(0, 3040, waits, 20);
    expect(axis.leftOutMs).toBe(980 + 1980);
    expect(axis.shownMs).toBe(80);
    expect(axis.shortened).toEqual([waits[0], waits[2]]);
    expect(axis.partOf(10)).toBeCloseTo(10 / 80);
    expect(axis.partOf(1010)).toBeCloseTo(30 / 80);
    expect(axis.partOf(3040)).toBe(1);
  });

  it('leads from instants to places and back', () => {
    for (const axis of [
      new TimeAxis(0, 3040, waits, 20),
      new TimeAxis(0, 3040, waits),
      new TimeAxis(5, 3040),
    ]) {
      for (const at of [5, 10, 500, 1010, 1015, 1022, 1030, 2000, 3030, 3040]) {
        expect(axis.atPart(axis.partOf(at))).toBeCloseTo(at, 6);
      }
    }
  });

  it('of no length puts everything at its beginning', () => {
    expect(new TimeAxis(0, 0).partOf(0)).toBe(0);
  });
});
