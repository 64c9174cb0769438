import { describe, expect, it } from 'vitest';
import { houseFiles, lines } from './house.ts';
import { countLines, LONG_FILE_LINES, longFiles, longFunctions } from './sizes.ts';

const files = houseFiles();
const body = (count: number) => Array.from({ length: count }, (_, index) => `  let x${index};\n`).join('');
const file = (text: string, path = 'packages/chain/src/a.ts') => [{ path, text }];

describe('the size of files', () => {
  it('stays within the limit', () => {
    const worthAsking = lines(longFiles(files, LONG_FILE_LINES));
    if (worthAsking.length > 0) console.warn(`ask why (not an error):\n  ${worthAsking.join('\n  ')}`);
    expect(lines(longFiles(files))).toEqual([]);
  });

  it('is refused one line past the limit', () => {
    expect(longFiles(file(body(400)))).toEqual([]);
    expect(longFiles(file(body(401)))).toHaveLength(1);
    expect(longFiles(file(body(401), 'apps/web/src/page.css'))).toHaveLength(1);
  });

  it('is counted in lines, whether or not a newline ends the last one', () => {
    expect([countLines(''), countLines('a'), countLines('a\n'), countLines('a\nb')]).toEqual([0, 1, 1, 2]);
  });
});

describe('the size of functions', () => {
  it('stays within the limit', () => expect(lines(longFunctions(files))).toEqual([]));

  it.each([
    ['function f() {\n', '}'],
    ['const f = () => {\n', '};'],
    ['class A { f() {\n', '} }'],
    ['const o = { f: async function () {\n', '} };'],
    [`it('does', () => {\n`, '});'],
  ])('is refused past the limit in %s', (before, after) => {
    expect(longFunctions(file(`${before}${body(48)}${after}`))).toEqual([]);
    expect(longFunctions(file(`${before}${body(49)}${after}`))).toHaveLength(1);
  });

  it('does not count the blocks that group tests', () => {
    expect(longFunctions(file(`describe('a', () => {\n${body(80)}});`))).toEqual([]);
    expect(longFunctions(file(`describe.each([1])('a', () => {\n${body(80)}});`))).toEqual([]);
  });
});
