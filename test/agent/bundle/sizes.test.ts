import { describe, expect, it } from 'vitest';
import { parseSize } from '../../../apps/agent/src/via/embedded/bundle/sizes.ts';

describe('a size as docker’s flags take it', () => {
  it.each([
    ['64m', 67_108_864],
    ['64M', 67_108_864],
    ['64mb', 67_108_864],
    ['64MiB', 67_108_864],
    ['1g', 1_073_741_824],
    ['1.5g', 1_610_612_736],
    ['512k', 524_288],
    ['10b', 10],
    ['10', 10],
    ['1t', 1_099_511_627_776],
    ['2 m', 2_097_152],
    ['0.3b', 0],
    [4096, 4096],
  ])('%s is %d bytes', (text, bytes) => expect(parseSize(text, '--memory')).toBe(bytes));

  it.each(['', 'm', '-1m', '1mm', '1 2m', '1,5g', '0x10', '1e3', '64m64', 'ten'])(
    '%j is refused, naming the flag',
    (text) =>
      expect(() => parseSize(text, '--memory')).toThrow(`--memory ${JSON.stringify(text)} is not a size`),
  );

  it('is refused when it can’t be counted exactly', () =>
    expect(() => parseSize('9000000t', '--memory')).toThrow('more than can be counted'));
});
