import { existsSync, mkdirSync, mkdtempSync, rmSync, statSync, utimesSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { markUsed, removeUnused } from '../../../apps/agent/src/via/embedded/garbage.ts';
import { removePartials } from '../../../apps/agent/src/via/embedded/highLevelLayers.ts';
import { Journal, type JournalEntry, ownMark } from '../../../apps/agent/src/via/embedded/journal.ts';

let stateDir: string;
beforeEach(() => {
  stateDir = mkdtempSync(join(tmpdir(), 'underdock-garbage-'));
});
afterEach(() => rmSync(stateDir, { recursive: true, force: true }));

const daysAgo = (days: number) => (Date.now() - days * 86_400_000) / 1000;

/** A file of this age; with a folder beside it for the note of a layer. */
function put(path: string, days: number): string {
  const file = join(stateDir, path);
  mkdirSync(dirname(file), { recursive: true });
  if (/^layers.*json$/.test(path)) mkdirSync(file.replace(/\.json$/, ''));
  writeFileSync(file, 'x'.repeat(1000));
  utimesSync(file, daysAgo(days), daysAgo(days));
  return file;
}

const isThere = (...paths: string[]) => paths.map((path) => existsSync(join(stateDir, path)));

function keep(run: string, part: Partial<JournalEntry>): void {
  const known = { container: run, name: run, runtime: 'runc', cgroup: `/underdock/${run}`, agent: ownMark() };
  new Journal(stateDir, { version: 1, run, state: 'kept', ...known, ...part });
}

describe('removeUnused', () => {
  it('removes layers and blobs that nobody has used for thirty days, and says so', async () => {
    put('layers/old.json', 31);
    put('layers/new.json', 29);
    put('images/blobs/sha256/old', 31);
    put('images/blobs/sha256/new', 1);
    expect(await removeUnused(stateDir)).toEqual([
      'removed 1 unpacked layers, unused for 30 days',
      'removed 1 blobs (0.0 MB), unused for 30 days',
    ]);
    expect(isThere('layers/old', 'layers/old.json', 'layers/new', 'layers/new.json')).toEqual([
      false,
      false,
      true,
      true,
    ]);
    expect(isThere('images/blobs/sha256/old', 'images/blobs/sha256/new')).toEqual([false, true]);
    expect(await removeUnused(stateDir)).toEqual([]);
  });

  it('leaves the layers of a kept container, however old', async () => {
    put('layers/under.json', 400);
    put('layers/other.json', 400);
    keep('a', { layers: ['under'] });
    await removeUnused(stateDir);
    expect(isThere('layers/under', 'layers/other')).toEqual([true, false]);
  });

  it('leaves all layers where it is not known on which a kept container stands', async () => {
    put('layers/old.json', 400);
    keep('a', {});
    await removeUnused(stateDir);
    expect(isThere('layers/old')).toEqual([true]);
  });

  it('takes what is used now and then for used', async () => {
    const file = put('images/blobs/sha256/used', 29);
    markUsed(file);
    expect(Date.now() - statSync(file).mtimeMs).toBeLessThan(60_000);
  });
});

describe('removePartials', () => {
  it('sweeps what was half-written, wherever it lies', () => {
    const half = ['layers/a.partial', 'images/blobs/sha256/b.partial', 'starter/blobs/sha256/c.partial'];
    const noted = [
      'images/references/library%2Fx/.1.partial',
      'try-overlay-abc/lower',
      'runtime/by-hand/1.json.new',
    ];
    for (const path of [...half, ...noted, 'images/references/library%2Fx/latest.json']) put(path, 0);
    expect(removePartials(stateDir)).toHaveLength(6);
    expect(isThere(...half, ...noted)).toEqual([false, false, false, false, false, false]);
    expect(isThere('images/references/library%2Fx/latest.json')).toEqual([true]);
  });
});
