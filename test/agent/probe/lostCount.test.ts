import type { RawRecord } from '@underdock/weave';
import { describe, expect, it } from 'vitest';
import { FanOut } from '../../../apps/agent/src/probe/fanOut.ts';
import { LostCount } from '../../../apps/agent/src/probe/lostCount.ts';

const failing = (): boolean => {
  throw new TypeError('no such field');
};
const exec = (pid: number): RawRecord => ({
  kind: 'exec',
  at: 1000,
  source: 'tracepoint',
  pid,
  tid: pid,
  comm: 'sh',
  path: '/bin/sh',
});

describe('LostCount', () => {
  it('counts a fault while a line is read as a lost record, with the reason', () => {
    const lost = new LostCount();
    lost.attempt(failing);
    lost.attempt(failing);
    lost.attempt(() => true);
    lost.attempt(() => false);
    expect(lost.take()).toEqual([
      { count: 2, why: 'a fault in underdock (TypeError: no such field)' },
      { count: 1, why: 'a line that makes no sense' },
    ]);
    expect(lost.take()).toEqual([]);
  });
});

describe('FanOut', () => {
  it('tells a follower of its own fault as a lost record, and the others of everything', () => {
    const out = new FanOut();
    const [faulty, sound]: RawRecord[][] = [[], []];
    out.follow(0n, (record) => {
      if (record.kind === 'exec' && record.pid === 2) failing();
      faulty?.push(record);
    });
    out.follow(0n, (record) => sound?.push(record));
    for (const pid of [1, 2, 3]) out.push(exec(pid));
    expect(sound).toMatchObject([{ pid: 1 }, { pid: 2 }, { pid: 3 }]);
    expect(faulty).toMatchObject([
      { pid: 1 },
      { kind: 'lost', count: 1, why: expect.stringContaining('no such field') },
      { pid: 3 },
    ]);
  });

  it('outlives a follower that can take nothing at all', () => {
    const out = new FanOut();
    out.follow(0n, failing);
    expect(() => out.push(exec(1))).not.toThrow();
  });
});
