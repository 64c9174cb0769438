import { chmodSync, mkdtempSync, rmSync, statSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { keptAccess } from '../../../apps/agent/src/cli/tokensFile.ts';

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'underdock-tokens-'));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

const file = () => join(folder, 'tokens.json');

test('an agent that starts again has the tokens of the one before it, in a file for its user alone', () => {
  const first = keptAccess(folder, false);
  expect(keptAccess(folder, false).drive).toBe(first.drive);
  expect(keptAccess(folder, false).watch).toBe(first.watch);
  expect(statSync(file()).mode & 0o777).toBe(0o600);
});

test('new links are new, and stay', () => {
  const first = keptAccess(folder, false);
  const second = keptAccess(folder, true);
  expect(second.drive).not.toBe(first.drive);
  expect(second.roleOf(first.drive)).toBeUndefined();
  expect(keptAccess(folder, false).drive).toBe(second.drive);
});

test('a file that others can read, that is a link, or that is damaged is not trusted', () => {
  const first = keptAccess(folder, false);
  chmodSync(file(), 0o644);
  const second = keptAccess(folder, false);
  expect(second.drive).not.toBe(first.drive);
  writeFileSync(file(), '{"drive":"short","watch":"short"}', { mode: 0o600 });
  const third = keptAccess(folder, false);
  expect(third.drive).toHaveLength(32);
  rmSync(file());
  writeFileSync(join(folder, 'elsewhere'), JSON.stringify({ drive: first.drive, watch: first.watch }), {
    mode: 0o600,
  });
  symlinkSync(join(folder, 'elsewhere'), file());
  expect(keptAccess(folder, false).drive).not.toBe(first.drive);
});
