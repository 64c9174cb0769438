import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { Journal, markLives, ownMark, readJournals } from '../../../apps/agent/src/via/embedded/journal.ts';
import { mountPointsBelow } from '../../../apps/agent/src/via/embedded/recover.ts';

let stateDir: string;
beforeEach(() => {
  stateDir = mkdtempSync(join(tmpdir(), 'underdock-journal-'));
});
afterEach(() => rmSync(stateDir, { recursive: true, force: true }));

const entry = () => ({
  version: 1 as const,
  run: 'r1',
  container: 'c'.repeat(64),
  name: 'calm-pier',
  agent: ownMark(),
  state: 'preparing' as const,
  runtime: 'runc',
  cgroup: '/underdock/c',
});

describe('the journal of a run', () => {
  it('is on disk, for its owner alone, when it has been made and after each change', () => {
    const journal = new Journal(stateDir, entry());
    const file = join(journal.folder, 'state.json');
    expect(statSync(file).mode & 0o777).toBe(0o600);
    journal.change({ state: 'created', init: { pid: 7, startTime: 9 } });
    expect(JSON.parse(readFileSync(file, 'utf8'))).toEqual({
      ...entry(),
      state: 'created',
      init: { pid: 7, startTime: 9 },
    });
  });

  it('is found again, also where it was cut off while being written', () => {
    const journal = new Journal(stateDir, entry());
    expect(readJournals(stateDir)).toEqual([{ folder: journal.folder, run: 'r1', entry: entry() }]);
    writeFileSync(join(journal.folder, 'state.json'), '{"version":1,"contai');
    expect(readJournals(stateDir)).toEqual([{ folder: journal.folder, run: 'r1', entry: undefined }]);
  });

  it.each([{ cgroup: '' }, { cgroup: '/' }, { container: '' }, { agent: undefined }])(
    'that does not say what is its own is none: %o',
    (part) => {
      const journal = new Journal(stateDir, entry());
      writeFileSync(join(journal.folder, 'state.json'), JSON.stringify({ ...entry(), ...part }));
      expect(readJournals(stateDir)).toMatchObject([{ run: 'r1', entry: undefined }]);
    },
  );

  it('knows a living agent from one that is gone, by pid, start time and boot', () => {
    const own = ownMark();
    expect(markLives(own)).toBe(true);
    expect(markLives({ ...own, startTime: own.startTime + 1 })).toBe(false);
    expect(markLives({ ...own, boot: 'another' })).toBe(false);
    expect(markLives({ ...own, pid: 2 ** 22 + 1 })).toBe(false);
  });
});

describe('mount points below a folder', () => {
  it('are those of this process, root included', () => {
    expect(mountPointsBelow('/proc')).toContain('/proc');
    expect(mountPointsBelow(stateDir)).toEqual([]);
  });
});
