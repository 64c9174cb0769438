import type { LibraryEntry, RunSummary } from '@underdock/trace';
import { describe, expect, it } from 'vitest';
import { factsOf, rowsOf, standing } from '../../../../apps/web/src/views/library/libraryRows.ts';
import { tagsIn } from '../../../../apps/web/src/views/library/TraceNoteForm.tsx';

function entry(id: string, more: Partial<LibraryEntry> = {}): LibraryEntry {
  return {
    ...{ id, title: '', notes: '', tags: [], ownTitle: id, command: ['docker', 'run', id], via: 'watch' },
    ...{ startedAt: '2026-01-01T00:00:00.000Z', state: 'whole', events: 3, bytes: 2048 },
    ...{ containers: ['c'.repeat(64)], images: [], durationMs: 1500 },
    ...more,
  };
}

function run(id: string, more: Partial<RunSummary> = {}): RunSummary {
  return {
    ...{ id, title: id, via: 'embedded', command: ['underdock', 'run', id], state: 'running', events: 9 },
    ...{ startedAt: '2026-01-02T00:00:00.000Z', tty: false, interactive: false },
    ...more,
  };
}

const ids = (rows: readonly { id: string }[]) => rows.map((row) => row.id);

describe('what the library shows', () => {
  it('is each trace once, with what its run does now, newest first, and above all what was opened in this page', () => {
    const stored = [entry('a'), entry('b', { startedAt: '2026-01-03T00:00:00.000Z', state: 'growing' })];
    const rows = rowsOf(
      stored,
      [run('opened-1', { startedAt: '2020-01-01T00:00:00.000Z' }), run('c'), run('b')],
      false,
    );
    expect(ids(rows)).toEqual(['opened-1', 'b', 'c', 'a']);
    expect(rows.map((row) => standing(row).words)).toEqual(['running', 'running', 'running', 'recorded']);
    expect(ids(rowsOf(stored, [run('c')], true))).toEqual(['b', 'a']);
  });

  it.each([
    [entry('a', { exitCode: 0 }), 'exit code 0', 'run-state'],
    [entry('a', { exitCode: 3 }), 'exit code 3', 'run-state is-failed'],
    [entry('a', { state: 'cut', exitCode: 0 }), 'cut off', 'run-state is-cut'],
    [entry('a', { state: 'broken' }), 'broken', 'run-state is-failed'],
  ])('says how a trace stands: %#', (one, words, className) => {
    const [row] = rowsOf([one], [], false);
    expect(row && standing(row)).toEqual({ words, className });
  });

  it('says where it came from, whose it is, how long it took and how large it is', () => {
    const [row] = rowsOf([entry('a')], [], false);
    const facts = row ? factsOf(row) : [];
    expect(facts).toEqual(
      expect.arrayContaining(['found on this host', 'container cccccccccccc', '3 events']),
    );
    expect(facts.join()).toMatch(/1\.50? s/);
    const [other] = rowsOf([entry('a', { importedFrom: 'x.chain', containers: ['1', '2'] })], [], false);
    expect(other && factsOf(other)).toEqual(expect.arrayContaining(['from x.chain', '2 containers']));
  });
});

it('tags are what stands between commas, each once', () => {
  expect(tagsIn(' lesson 2,slow,, slow ,')).toEqual(['lesson 2', 'slow']);
});
