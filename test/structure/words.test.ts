import { describe, expect, it } from 'vitest';
import { houseFiles, lines } from './house.ts';
import { machinePaths, passedOverTests, unknownSteps } from './words.ts';

const files = houseFiles();
const file = (path: string, text: string) => [{ path, text }];

describe('steps in code', () => {
  it('are in the catalogue', () => expect(lines(unknownSteps(files))).toEqual([]));

  it.each([
    `tell.begin('kernel/teleport', {})`,
    'tell.log(`engine/start-nothing`, {})',
    `const words = { 'low-level/sing': 'x' }`,
  ])('are refused when unknown: %s', (text) =>
    expect(unknownSteps(file('apps/agent/src/a.ts', text))).toHaveLength(1),
  );

  it.each([
    `tell.begin('kernel/unshare', {})`,
    `const p = \`kernel/\${name}\``,
    `import x from './engine/x.ts'`,
  ])('are known, or no steps, in %s', (text) =>
    expect(unknownSteps(file('apps/agent/src/a.ts', text))).toEqual([]),
  );
});

describe('tests', () => {
  it('are all run', () => expect(lines(passedOverTests(files))).toEqual([]));

  it.each([
    'it.skip',
    'it.only',
    'test.todo',
    'describe.only',
    'describe.skip',
    'it.concurrent.skip',
    'it.fails',
  ])('are not passed over with %s', (call) =>
    expect(passedOverTests(file('test/chain/a.test.ts', `${call}('x', () => {})`))).toHaveLength(1),
  );

  it('may talk of skipping', () =>
    expect(passedOverTests(file('test/chain/a.test.ts', `it('x', () => list.skip(1))`))).toEqual([]));
});

describe('paths of one machine', () => {
  it('are nowhere', () => expect(lines(machinePaths(files))).toEqual([]));

  it.each([
    ['', 'work', 'main'].join('/'),
    ['', 'root', '.cache'].join('/'),
    ['', 'home', 'kim', 'x'].join('/'),
  ])('are refused: %s', (path) => expect(machinePaths(file('README.md', `see \`${path}\``))).toHaveLength(1));

  it('are not the paths inside of a container or under a folder', () =>
    expect(
      machinePaths(file('README.md', `HOME=/root /proc/1/root/etc \${state}/work/x overlay/work/ /homes/a/`)),
    ).toEqual([]));
});
