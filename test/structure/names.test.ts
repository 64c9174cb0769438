import { describe, expect, it } from 'vitest';
import { houseFiles, lines } from './house.ts';
import { forbiddenNames, wrongDoors, wrongFileNames } from './names.ts';

const files = houseFiles();
const file = (path: string, text = '') => [{ path, text }];

describe('the names of files', () => {
  it('are camelCase, and PascalCase for views', () => expect(lines(wrongFileNames(files))).toEqual([]));

  it.each(['apps/agent/src/Run.ts', 'packages/chain/src/chain-state.ts', 'apps/web/src/views/runForm.tsx'])(
    'may not be %s',
    (path) => expect(wrongFileNames(file(path))).toHaveLength(1),
  );

  it.each(['packages/chain/src/chainState.ts', 'apps/web/src/views/RunForm.tsx', 'apps/web/vite.config.ts'])(
    'may be %s',
    (path) => expect(wrongFileNames(file(path))).toEqual([]),
  );
});

describe('a door', () => {
  it('stands only at a package', () => expect(lines(wrongDoors(files))).toEqual([]));

  it.each([
    ['apps/agent/src/via/index.ts', 'export const x = 1'],
    ['packages/chain/src/fold/index.ts', `export * from './a.ts'`],
    ['packages/chain/src/all.ts', `export * from './a.ts'; export { b } from './b.ts'`],
  ])('is refused as %s with %s', (path, text) => expect(wrongDoors(file(path, text))).toHaveLength(1));

  it('of a package hands on what it holds', () =>
    expect(
      wrongDoors(file('packages/chain/src/index.ts', `export * from './a.ts'; export * from './b.ts'`)),
    ).toEqual([]));
});

describe('words that name nothing', () => {
  it('name no file and no declaration', () => expect(lines(forbiddenNames(files))).toEqual([]));

  it.each([
    ['packages/chain/src/utils.ts', ''],
    ['packages/chain/src/helpers/a.ts', ''],
    ['packages/chain/src/a.ts', 'export class RunManager {}'],
    ['packages/chain/src/a.ts', 'export function requestHandler() {}'],
    ['packages/chain/src/a.ts', 'interface Session { at: number }'],
    ['packages/draw/src/a.ts', 'const nextPhase = 1'],
    ['apps/agent/src/a.ts', 'type Stage = 1'],
    ['apps/agent/src/cli/a.ts', 'class A { job = 1 }'],
    ['apps/agent/src/cli/a.ts', 'const task = 1'],
  ])('are refused in %s: %s', (path, text) => expect(forbiddenNames(file(path, text))).toHaveLength(1));

  it.each([
    ['apps/web/src/stage/stage.ts', 'export class Stage {}'],
    ['packages/chain/src/comparison.ts', 'interface Phase { at: number }'],
    ['apps/agent/src/via/containerd.ts', 'const taskPid = 1'],
    ['packages/chain/src/a.ts', 'const multitasking = 1; const stagedAt = 2'],
  ])('have their own meaning in %s: %s', (path, text) =>
    expect(forbiddenNames(file(path, text))).toEqual([]),
  );
});
