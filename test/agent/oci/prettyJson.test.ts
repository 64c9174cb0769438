import { describe, expect, it } from 'vitest';
import { prettyJson } from '../../../apps/agent/src/via/oci/prettyJson.ts';

describe('JSON as one writes it by hand', () => {
  it.each<[string, unknown]>([
    ['an empty object', {}],
    ['an empty list', { a: [] }],
    ['nested objects', { a: { b: { c: [1, 'x', null, true] } } }],
    ['texts with quotes and breaks', { a: 'x"y\nz', b: ['[ ', ' ]'] }],
    ['a long list of words', { names: Array.from({ length: 300 }, (_, i) => `call_${i}`) }],
    [
      'a long list of objects',
      { list: Array.from({ length: 9 }, (_, i) => ({ type: 'x'.repeat(30), i, more: [i] })) },
    ],
  ])('says the same as JSON for %s', (_, value) => {
    expect(JSON.parse(prettyJson(value))).toEqual(value);
  });

  it('keeps on one line what fits there, and leaves out what is undefined', () => {
    expect(prettyJson({ a: [1, 2], b: { c: 'd' }, e: undefined })).toBe(
      '{\n  "a": [1, 2],\n  "b": { "c": "d" }\n}',
    );
  });

  it('breaks long lists of words over several lines, as many on one as fit', () => {
    const lines = prettyJson({ names: Array.from({ length: 60 }, (_, i) => `call_${i}`) }).split('\n');
    expect(lines.length).toBeLessThan(14);
    expect(Math.max(...lines.map((line) => line.length))).toBeLessThanOrEqual(101);
  });
});
