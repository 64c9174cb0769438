import { describe, expect, it } from 'vitest';
import { straceArguments } from '../../../apps/agent/src/probe/straceCalls.ts';

const capset = (set: string) =>
  straceArguments('capset', [
    '{version=0x20080522, pid=0}',
    `{effective=${set}, permitted=0, inheritable=0}`,
  ]);

describe('the capability sets that strace prints', () => {
  it('are two halves where the upper one holds something', () =>
    expect(capset('0xffffffff|0x1ff')).toMatchObject({ effective: 0xffffffff, effectiveHigh: 0x1ff }));

  it('are one number where it does not', () => {
    expect(capset('0xa80425fb')).toMatchObject({ effective: 0xa80425fb, effectiveHigh: 0 });
    expect(capset('0')).toMatchObject({ effective: 0, effectiveHigh: 0 });
  });
});
