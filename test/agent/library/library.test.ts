import { execFileSync } from 'node:child_process';
import {
  appendFileSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import type { LibraryEntry, RunSummary } from '@underdock/trace';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { type Library, openLibrary } from '../../../apps/agent/src/library/library.ts';
import { isDescribed } from '../../../apps/agent/src/library/traceNotes.ts';
import { KEPT_MS } from '../../../apps/agent/src/library/trash.ts';
import { sampleEvents, sampleHeader, sampleText } from '../../trace/sample.ts';

let stateDir: string;
let open: Library[];
let growing: Map<string, RunSummary>;
let now: number;
beforeEach(() => {
  stateDir = mkdtempSync(join(tmpdir(), 'underdock-library-'));
  mkdirSync(join(stateDir, 'traces'));
  open = [];
  growing = new Map();
  now = Date.parse('2026-02-01T00:00:00Z');
});
afterEach(() => {
  for (const library of open) library.close();
  rmSync(stateDir, { recursive: true });
});

const at = (...parts: string[]) => join(stateDir, ...parts);
const index = () => at('library.sqlite');

function library(): Library {
  const opened = openLibrary({ stateDir, growing: (id) => growing.get(id), now: () => now });
  open.push(opened);
  return opened;
}

/** As if the agent had been stopped and started again. */
function again(): Library {
  open.pop()?.close();
  return library();
}

function store(id: string, command: string[], startedAt = '2026-01-01T00:00:00.000Z'): void {
  const header = sampleHeader({ id, title: command.slice(1).join(' '), command, startedAt });
  writeFileSync(at('traces', `${id}.chain`), sampleText(sampleEvents(), header));
}

const ids = (entries: readonly LibraryEntry[]) => entries.map(({ id }) => id);
const search = async (from: Library, text: string, tags: string[] = []) =>
  ids((await from.find({ text, tags })).entries).sort();

describe('what is on disk', () => {
  it('is listed newest first, with what each trace tells of itself', async () => {
    store('old', ['docker', 'run', 'nginx']);
    store('new', ['docker', 'run', 'redis'], '2026-01-02T00:00:00.000Z');
    const { entries, total, bytes, unread, problems } = await library().find();
    expect(ids(entries)).toEqual(['new', 'old']);
    expect(entries[0]).toMatchObject({
      ...{ ownTitle: 'run redis', command: ['docker', 'run', 'redis'], via: 'embedded', state: 'whole' },
      ...{ events: 8, durationMs: 8, exitCode: 0, images: ['starter'], title: '', notes: '', tags: [] },
    });
    expect([total, bytes, unread, problems]).toEqual([2, entries[0]!.bytes + entries[1]!.bytes, 0, []]);
  });

  it('is told whole, cut, broken or growing; what can’t be read is there to be deleted', async () => {
    const text = sampleText();
    writeFileSync(at('traces', 'whole.chain'), text);
    writeFileSync(at('traces', 'cut.chain'), text.slice(0, -300));
    writeFileSync(at('traces', 'broken.chain'), text.replace('"seq":3', '"seq":7'));
    writeFileSync(at('traces', 'hello.chain'), 'hello');
    writeFileSync(at('traces', 'grows.chain'), text.slice(0, -300));
    growing.set('grows', { events: 5, container: 'c1' } as RunSummary);
    const here = library();
    const states = (await here.find()).entries.map(({ id, state, fault }) => [id, state, fault ?? '']);
    expect(Object.fromEntries(states.map(([id, state]) => [id, state]))).toEqual({
      ...{ whole: 'whole', cut: 'cut', broken: 'broken', hello: 'broken', grows: 'growing' },
    });
    expect(states.find(([id]) => id === 'broken')?.[2]).toContain('seq is 7, expected 3');
    expect(states.find(([id]) => id === 'cut')?.[2]).toContain('never ends');
    growing.clear();
    expect((await here.get('grows')).state).toBe('cut');
  });

  it('that changes behind its back is seen at the next look', async () => {
    store('a', ['docker', 'run', 'nginx']);
    const here = library();
    expect(await search(here, 'nginx')).toEqual(['a']);
    store('a', ['docker', 'run', 'httpd']);
    store('b', ['docker', 'run', 'nginx']);
    expect([await search(here, 'nginx'), await search(here, 'httpd')]).toEqual([['b'], ['a']]);
    rmSync(at('traces', 'b.chain'));
    expect(await search(here, '')).toEqual(['a']);
  });

  it('loses what an agent that was killed had half taken in', async () => {
    store('a', ['docker', 'ps']);
    for (const half of ['.import-0a1b2c3d4e5f', '.a.77.tmp', '.a.guide.77.tmp'])
      writeFileSync(at('traces', half), 'half');
    writeFileSync(at('traces', '.hidden'), 'somebody else’s');
    expect((await library().find()).total).toBe(1);
    expect(readdirSync(at('traces')).sort()).toEqual(['.hidden', 'a.chain']);
  });

  it('includes what was recorded beside a state folder in use', async () => {
    mkdirSync(at('beside', '1', 'traces'), { recursive: true });
    store('a', ['docker', 'ps']);
    renameSync(at('traces', 'a.chain'), at('beside', '1', 'traces', 'a.chain'));
    expect(await search(library(), '')).toEqual(['a']);
  });
});

describe('a search', () => {
  it('finds words and parts of them in title, notes, tags, command and image, all of them at once', async () => {
    store('a', ['docker', 'run', '--memory', '64m', 'nginx']);
    store('b', ['docker', 'run', 'ghcr.io/some/RediS:7']);
    const here = library();
    await here.describe('a', { title: 'Die Übung', notes: 'shown in the second week', tags: ['lesson 2'] });
    for (const [text, found] of [
      ['nginx', ['a']],
      ['--memory', ['a']],
      ['redis', ['b']],
      ['ubung', ['a']],
      ['second WEEK', ['a']],
      ['lesson nginx', ['a']],
      ['lesson redis', []],
      ['docker', ['a', 'b']],
      ['7', ['b']],
      ['64', ['a']],
      ['starter', ['a', 'b']],
      ['%', []],
      ['"', []],
      ['NOT nginx OR', []],
    ] as const)
      expect(await search(here, text), text).toEqual(found);
  });

  it('takes any character in a search, and keeps its index', async () => {
    store('a', ['docker', 'run', 'nginx']);
    const here = library();
    expect(await search(here, 'run\0nginx')).toEqual(['a']);
    for (const text of ['\0', 'nothing\0', '"', '\ud800abc', '* OR ('])
      expect(await search(here, text, ['\0'])).toEqual([]);
    expect((await here.find()).problems).toEqual([]);
    expect(existsSync(index())).toBe(true);
  });

  it('narrows by tags and counts them', async () => {
    store('a', ['docker', 'ps']);
    store('b', ['docker', 'run']);
    const here = library();
    await here.describe('a', { tags: ['lesson', 'slow', 'lesson'] });
    await here.describe('b', { tags: ['lesson'] });
    expect((await here.find()).tags).toEqual([
      { tag: 'lesson', count: 2 },
      { tag: 'slow', count: 1 },
    ]);
    expect(await search(here, '', ['lesson', 'slow'])).toEqual(['a']);
    expect(await search(here, 'run', ['lesson'])).toEqual(['b']);
    expect(await here.find({ limit: 1, offset: 1 })).toMatchObject({ found: 2, total: 2, entries: [{}] });
  });
});

describe('what people say about a trace', () => {
  it('lies beside it, never in it, and outlives an index that is missing, damaged or of another form', async () => {
    store('a', ['docker', 'ps']);
    const before = readFileSync(at('traces', 'a.chain'));
    const said = { title: 'The first one', notes: 'two\nlines', tags: ['x'] };
    expect(await library().describe('a', said)).toMatchObject(said);
    const kept = async () => expect((await again().find({ text: 'first' })).entries).toMatchObject([said]);
    await kept();
    open.pop()?.close();
    rmSync(index());
    await kept();
    for (const damage of [
      () => writeFileSync(index(), 'no database at all, but long enough to be taken for one'.repeat(100)),
      () => writeFileSync(index(), readFileSync(index()).fill(7, 3000, 9000)),
      () => writeFileSync(index(), readFileSync(index()).subarray(0, 5000)),
      () => {
        const db = new DatabaseSync(index());
        db.exec('PRAGMA user_version = 0; DROP TABLE words;');
        db.close();
      },
    ]) {
      open.pop()?.close();
      damage();
      await kept();
      expect((await open[0]!.find()).problems).toEqual([]);
    }
    expect(readFileSync(at('traces', 'a.chain')).equals(before)).toBe(true);
  });

  it('keeps a trace that would be thrown away by itself when there are too many', async () => {
    store('a', ['docker', 'ps']);
    expect(isDescribed(at('traces', 'a.chain'))).toBe(false);
    await library().describe('a', { tags: ['mine'] });
    expect(isDescribed(at('traces', 'a.chain'))).toBe(true);
    store('b', ['docker', 'ps']);
    writeFileSync(at('traces', 'b.guide.json'), '{}');
    expect(isDescribed(at('traces', 'b.chain'))).toBe(true);
  });

  it('that can’t be read is kept aside, and told', async () => {
    store('a', ['docker', 'ps']);
    writeFileSync(at('traces', 'a.about.json'), '{"about":1,"title":');
    const here = library();
    expect((await here.get('a')).fault).toContain('its title and notes can’t be read');
    await here.describe('a', { title: 'anew' });
    expect(readFileSync(at('traces', 'a.about.json.damaged'), 'utf8')).toBe('{"about":1,"title":');
    expect(await here.get('a')).toMatchObject({ title: 'anew', state: 'whole' });
  });

  it('about nothing is refused', async () => {
    for (const id of ['gone', '../a', ''])
      await expect(library().describe(id, { title: 'x' })).rejects.toMatchObject({ code: 'no-such-trace' });
  });
});

describe('deleting', () => {
  it('moves a trace and what is said about it to the trash for a week, and can be undone', async () => {
    store('a', ['docker', 'ps']);
    const here = library();
    await here.describe('a', { title: 'kept' });
    const key = await here.remove('a');
    expect(await here.find({ text: 'kept' })).toMatchObject({ entries: [], total: 0, trash: 1 });
    expect(await here.trash()).toMatchObject([{ key, id: 'a', title: 'kept' }]);
    expect(await here.restore(key)).toBe('a');
    expect(await here.find({ text: 'kept' })).toMatchObject({ entries: [{ id: 'a' }], trash: 0 });
    await here.remove('a');
    now += KEPT_MS + 1000;
    expect(await again().trash()).toEqual([]);
    expect(readdirSync(at('trash'))).toEqual([]);
  });

  it('is for good after a week, also where nobody starts underdock anew', async () => {
    store('a', ['docker', 'ps']);
    const here = library();
    await here.remove('a');
    now += KEPT_MS - 1000;
    expect(await here.find()).toMatchObject({ trash: 1 });
    now += 2000;
    expect(await here.find()).toMatchObject({ trash: 0 });
    expect(readdirSync(at('trash'))).toEqual([]);
  });

  it('happens once, however often it is asked for at once', async () => {
    store('a', ['docker', 'ps']);
    const here = library();
    const both = await Promise.allSettled([here.remove('a'), here.remove('a')]);
    expect(both.map(({ status }) => status)).toEqual(['fulfilled', 'rejected']);
    expect(both[1]).toMatchObject({ reason: { code: 'no-such-trace' } });
    expect(readdirSync(at('trash'))).toHaveLength(1);
  });

  it('is refused while the trace grows; for good it is deleted from the trash alone', async () => {
    store('a', ['docker', 'ps']);
    growing.set('a', { events: 1 } as RunSummary);
    const here = library();
    await expect(here.remove('a')).rejects.toMatchObject({ code: 'trace-growing' });
    growing.clear();
    const key = await here.remove('a');
    store('a', ['docker', 'run']);
    await expect(here.restore(key)).rejects.toMatchObject({ code: 'already-there' });
    await here.empty(key);
    expect(await here.trash()).toEqual([]);
    for (const wrong of [key, '../../traces', '1-../a'])
      await expect(here.empty(wrong)).rejects.toMatchObject({ code: 'no-such-trace' });
    expect(existsSync(at('traces', 'a.chain'))).toBe(true);
  });
});

describe('an index that can’t be used', () => {
  it('locked by another program: the list is kept in memory, said so, and whole again later', async () => {
    store('a', ['docker', 'ps']);
    await library().describe('a', { title: 'held' });
    open.pop()?.close();
    const other = new DatabaseSync(index());
    other.exec('BEGIN EXCLUSIVE');
    const { entries, problems } = await library().find({ text: 'held' });
    expect([ids(entries), problems]).toEqual([['a'], [expect.stringContaining('database is locked')]]);
    expect(await open[0]!.describe('a', { title: 'held still' })).toMatchObject({ title: 'held still' });
    other.close();
    expect(await again().find({ text: 'still' })).toMatchObject({ entries: [{ id: 'a' }], problems: [] });
  });

  it('or locked while it is in use: nothing is lost either', async () => {
    store('a', ['docker', 'ps']);
    const here = library();
    await here.find();
    const other = new DatabaseSync(index());
    other.exec('BEGIN EXCLUSIVE');
    await here.describe('a', { title: 'written' });
    expect(await here.find({ text: 'written' })).toMatchObject({ entries: [{ id: 'a' }], problems: [{}] });
    other.close();
    expect(await search(again(), 'written')).toEqual(['a']);
  });

  it.runIf(process.getuid?.() === 0)(
    'on a disk that is full or read-only: clear words, and nothing lost',
    async () => {
      execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=512k', 'none', stateDir]);
      try {
        mkdirSync(at('traces'));
        store('a', ['docker', 'ps']);
        await library().describe('a', { title: 'small' });
        fill(at('filler'));
        const long = { notes: 'x'.repeat(19_000) };
        await expect(open[0]!.describe('a', long)).rejects.toMatchObject({ code: 'disk-full' });
        await expect(open[0]!.import([Buffer.from(sampleText())] as never, 'b')).rejects.toMatchObject({
          code: 'disk-full',
        });
        expect(readdirSync(at('traces')).sort()).toEqual(['a.about.json', 'a.chain']);
        open.pop()?.close();
        execFileSync('mount', ['-o', 'remount,ro', stateDir]);
        const { entries, problems } = await library().find({ text: 'small' });
        expect([ids(entries), problems.length]).toEqual([['a'], 1]);
        await expect(open[0]!.describe('a', long)).rejects.toMatchObject({ code: 'cannot-write' });
        await expect(open[0]!.remove('a')).rejects.toMatchObject({ code: 'cannot-write' });
        expect(ids((await open[0]!.find()).entries)).toEqual(['a']);
      } finally {
        open.pop()?.close();
        execFileSync('umount', [stateDir]);
      }
    },
  );
});

function fill(file: string): void {
  try {
    for (;;) appendFileSync(file, 'x'.repeat(4096));
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOSPC') throw error;
  }
}
