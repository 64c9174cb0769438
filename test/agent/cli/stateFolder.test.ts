import {
  chmodSync,
  chownSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { openStateFolder, stateError } from '../../../apps/agent/src/cli/stateFolder.ts';
import { lockState } from '../../../apps/agent/src/via/embedded/stateLock.ts';

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'underdock-folder-'));
});
afterEach(() => {
  vi.restoreAllMocks();
  rmSync(folder, { recursive: true, force: true });
});

const modeOf = (path: string) => statSync(path).mode & 0o7777;

describe('a state folder', () => {
  test('that is new, empty or in use already is closed to others', () => {
    expect(modeOf(openStateFolder(join(folder, 'new', 'er')))).toBe(0o700);
    chmodSync(folder, 0o755);
    mkdirSync(join(folder, 'empty'), { mode: 0o755 });
    expect(modeOf(openStateFolder(join(folder, 'empty')))).toBe(0o700);
    writeFileSync(join(folder, 'lock'), '');
    expect(modeOf(openStateFolder(folder))).toBe(0o700);
  });

  test('that others use, such as /tmp, is refused and stays as it is', () => {
    writeFileSync(join(folder, 'somebody’s'), '');
    chmodSync(folder, 0o1777);
    expect(() => openStateFolder(folder)).toThrow(expect.objectContaining({ code: 'bad-state' }));
    expect(modeOf(folder)).toBe(0o1777);
  });
});

test('the lock is never written through a link that somebody has left', () => {
  const file = join(folder, 'file');
  writeFileSync(file, 'precious');
  symlinkSync(file, join(folder, 'lock'));
  expect(() => lockState(folder)).toThrow(expect.objectContaining({ code: 'state-unusable' }));
  expect(readFileSync(file, 'utf8')).toBe('precious');
});

test('a folder of another user is not used: he could exchange what is in it', () => {
  const own = process.geteuid?.() ?? 0;
  const owner = own === 0 ? 65534 : own;
  chownSync(folder, owner, process.getegid?.() ?? 0);
  vi.spyOn(process, 'geteuid').mockReturnValue(own === 0 ? 0 : own + 1);
  expect(() => lockState(folder)).toThrow(
    expect.objectContaining({ code: 'state-unusable', message: expect.stringContaining(`uid ${owner}`) }),
  );
});

test.each([
  ['EROFS', /it can only be read, EROFS/, /--state DIR/],
  ['ENOSPC', /its disk is full, ENOSPC/, /make room on it/],
])('a refused write says what is the matter: %s', (code, message, remedy) => {
  const cause = Object.assign(new Error('x'), { code });
  expect(stateError('/s', cause)).toMatchObject({
    code: 'bad-state',
    message: expect.stringMatching(message),
    remedy: expect.stringMatching(remedy),
  });
  const mistake = new TypeError('ours');
  expect(stateError('/s', mistake)).toBe(mistake);
});
