import { FORMAT_VERSION, type Upgrade, upgradesFrom } from '@underdock/trace';
import { expect, test } from 'vitest';

const mark = (name: string): Upgrade => ({
  header: (line) => ({ ...line, [name]: true }),
  event: (line) => ({ ...line, [name]: true }),
});

test('the current version needs no upgrade', () => {
  expect(upgradesFrom(FORMAT_VERSION)).toEqual([]);
});

test('every older version can be read', () => {
  for (let version = 1; version < FORMAT_VERSION; version++) {
    expect(upgradesFrom(version)).toHaveLength(FORMAT_VERSION - version);
  }
});

test('upgrades are applied one after the other, oldest first', () => {
  const chain = new Map([
    [1, mark('one')],
    [2, mark('two')],
  ]);
  const needed = upgradesFrom(1, chain, 3);
  expect(needed.reduce((line, upgrade) => upgrade.event(line), {})).toEqual({ one: true, two: true });
  expect(upgradesFrom(2, chain, 3)).toHaveLength(1);
});

test('a newer version and a missing upgrade are errors that say what to do', () => {
  expect(() => upgradesFrom(FORMAT_VERSION + 1)).toThrow(/update underdock/);
  expect(() => upgradesFrom(1, new Map(), 2)).toThrow(/the upgrade from 1 is missing/);
});
