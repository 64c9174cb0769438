import { rmSync } from 'node:fs';
import { DatabaseSync, type SQLInputValue } from 'node:sqlite';
import { type LibraryEntry, libraryEntrySchema } from '@underdock/trace';

/** The form of the tables below: an index of another form is thrown away and made anew from the files. */
const SCHEMA = 1;
/** How long another program is waited for that has the index; nothing else goes on meanwhile. */
const BUSY_MS = 300;
// SQLite’s result codes (sqlite.org/rescode.html): damaged, and no database at all.
const CORRUPT = 11;
const NOT_A_DATABASE = 26;
/** Words of fewer characters are no trigram: they are looked for one trace after the other. */
const TRIGRAM = 3;
const COLUMNS = ['title', 'notes', 'tags', 'command', 'image', 'id'] as const;

const TABLES = `
  CREATE TABLE traces (n INTEGER PRIMARY KEY, id TEXT NOT NULL UNIQUE, stamp TEXT NOT NULL, started TEXT NOT NULL,
    bytes INTEGER NOT NULL, entry TEXT NOT NULL);
  CREATE INDEX by_start ON traces (started DESC, id);
  CREATE TABLE tags (n INTEGER NOT NULL REFERENCES traces (n) ON DELETE CASCADE, tag TEXT NOT NULL, PRIMARY KEY (tag, n));
  CREATE VIRTUAL TABLE words USING fts5(${COLUMNS.join(', ')}, tokenize = 'trigram remove_diacritics 1');
  PRAGMA user_version = ${SCHEMA};`;

/** What is looked for: all words in any field, all tags. */
export interface LibraryQuery {
  text?: string;
  tags?: readonly string[];
  limit?: number;
  offset?: number;
}

/** What a search finds. */
export interface Found {
  entries: LibraryEntry[];
  found: number;
  total: number;
  bytes: number;
  tags: { tag: string; count: number }[];
}

/**
 * A cache over the trace files and their notes, for search. Nothing is kept here alone: any failure may be answered by throwing it
 * away. Its calls throw what SQLite throws.
 */
export class LibraryIndex {
  /** Why it is kept in memory and not in its file, in words; undefined = all is well. */
  readonly problem: string | undefined;
  readonly #db: DatabaseSync;

  private constructor(db: DatabaseSync, problem?: string) {
    this.#db = db;
    this.problem = problem;
  }

  /** Opens the index; one that is damaged or of another form is made anew, and where none can be had the memory serves. */
  static open(file: string): LibraryIndex {
    try {
      return new LibraryIndex(openFile(file));
    } catch (error) {
      return LibraryIndex.inMemory(reason(file, error));
    }
  }

  static inMemory(problem: string): LibraryIndex {
    const db = new DatabaseSync(':memory:');
    db.exec(TABLES);
    return new LibraryIndex(db, problem);
  }

  /** What was known of each file when it was looked through: id to stamp. */
  stamps(): Map<string, string> {
    const rows = this.#db.prepare('SELECT id, stamp FROM traces').all();
    return new Map(rows.map(({ id, stamp }) => [String(id), String(stamp)]));
  }

  stamp(id: string): string | undefined {
    const row = this.#db.prepare('SELECT stamp FROM traces WHERE id = ?').get(id);
    return row && String(row.stamp);
  }

  get(id: string): LibraryEntry | undefined {
    const row = this.#db.prepare('SELECT entry FROM traces WHERE id = ?').get(id);
    return row && entryOf(row.entry);
  }

  put(entry: LibraryEntry, stamp: string): void {
    this.#whole(() => {
      this.#forget(entry.id);
      const { lastInsertRowid: n } = this.#db
        .prepare('INSERT INTO traces (id, stamp, started, bytes, entry) VALUES (?, ?, ?, ?, ?)')
        .run(entry.id, stamp, entry.startedAt, entry.bytes, JSON.stringify(entry));
      const tag = this.#db.prepare('INSERT INTO tags (n, tag) VALUES (?, ?)');
      for (const one of entry.tags) tag.run(n, one);
      this.#db
        .prepare(`INSERT INTO words (rowid, ${COLUMNS.join(', ')}) VALUES (?${', ?'.repeat(COLUMNS.length)})`)
        .run(n, ...wordsOf(entry));
    });
  }

  forget(ids: Iterable<string>): void {
    this.#whole(() => {
      for (const id of ids) this.#forget(id);
    });
  }

  find({ text = '', tags = [], limit = 100, offset = 0 }: LibraryQuery): Found {
    const { where, values } = condition(text, tags);
    const all = (sql: string, ...more: SQLInputValue[]) => this.#db.prepare(sql).all(...more);
    const [sums] = all('SELECT count(*) AS total, coalesce(sum(bytes), 0) AS bytes FROM traces');
    const [fitting] = all(`SELECT count(*) AS found FROM traces ${where}`, ...values);
    const rows = all(
      `SELECT entry FROM traces ${where} ORDER BY started DESC, id LIMIT ? OFFSET ?`,
      ...values,
      limit,
      offset,
    );
    const counted = all(
      'SELECT tag, count(*) AS count FROM tags GROUP BY tag ORDER BY count DESC, tag LIMIT 200',
    );
    return {
      entries: rows.flatMap(({ entry }) => entryOf(entry) ?? []),
      found: Number(fitting?.found),
      total: Number(sums?.total),
      bytes: Number(sums?.bytes),
      tags: counted.map(({ tag, count }) => ({ tag: String(tag), count: Number(count) })),
    };
  }

  close(): void {
    if (this.#db.isOpen) this.#db.close();
  }

  #forget(id: string): void {
    const row = this.#db.prepare('SELECT n FROM traces WHERE id = ?').get(id);
    if (!row) return;
    this.#db.prepare('DELETE FROM words WHERE rowid = ?').run(Number(row.n));
    this.#db.prepare('DELETE FROM traces WHERE n = ?').run(Number(row.n));
  }

  #whole(act: () => void): void {
    this.#db.exec('BEGIN IMMEDIATE');
    try {
      act();
      this.#db.exec('COMMIT');
    } catch (error) {
      if (this.#db.isTransaction) this.#db.exec('ROLLBACK');
      throw error;
    }
  }
}

function openFile(file: string): DatabaseSync {
  const db = begin(file);
  if (db) return db;
  for (const ending of ['', '-journal', '-wal', '-shm']) rmSync(file + ending, { force: true });
  const fresh = begin(file);
  if (fresh) return fresh;
  throw new Error('a new index can’t be read either');
}

/** Undefined for a file that is damaged or of another form. */
function begin(file: string): DatabaseSync | undefined {
  const db = new DatabaseSync(file, { timeout: BUSY_MS, enableForeignKeyConstraints: true });
  try {
    // It can be made anew at any time: waiting for the disk at each trace would cost more than that.
    db.exec('PRAGMA synchronous = OFF');
    const version = Number(db.prepare('PRAGMA user_version').get()?.user_version);
    const isNew = db.prepare('SELECT count(*) AS c FROM sqlite_schema').get()?.c === 0;
    if (isNew) db.exec(`BEGIN IMMEDIATE; ${TABLES} COMMIT;`);
    const [check] = db.prepare('PRAGMA quick_check(1)').all();
    if ((isNew || version === SCHEMA) && check?.quick_check === 'ok') {
      // A place that can only be read is found out now, and not when somebody looks for something.
      db.exec('BEGIN IMMEDIATE; DELETE FROM tags WHERE n = -1; COMMIT;');
      return db;
    }
  } catch (error) {
    db.close();
    const { errcode } = error as { errcode?: number };
    if (errcode === CORRUPT || errcode === NOT_A_DATABASE) return undefined;
    throw error;
  }
  db.close();
  return undefined;
}

function reason(file: string, error: unknown): string {
  const why = error instanceof Error ? error.message : String(error);
  return `the library’s index ${file} can’t be used (${why}): it is kept in memory until underdock starts again, and nothing is lost`;
}

function entryOf(text: unknown): LibraryEntry | undefined {
  return libraryEntrySchema.safeParse(JSON.parse(String(text))).data;
}

function wordsOf(entry: LibraryEntry): string[] {
  const { title, ownTitle, notes, tags, command, images, id, importedFrom = '' } = entry;
  return [
    `${title} ${ownTitle} ${importedFrom}`,
    notes,
    tags.join(' '),
    command.join(' '),
    `${images.join(' ')} ${entry.containers.join(' ')}`,
    id,
  ];
}

function condition(text: string, tags: readonly string[]): { where: string; values: SQLInputValue[] } {
  // A NUL would end SQLite’s text in the middle of a word, and the query with an error.
  const words = text.split(/[\s\0]+/).filter((word) => word !== '');
  const long = words.filter((word) => [...word].length >= TRIGRAM);
  const short = words.filter((word) => !long.includes(word));
  const parts: string[] = [];
  const values: SQLInputValue[] = [];
  if (long.length > 0) {
    parts.push('n IN (SELECT rowid FROM words WHERE words MATCH ?)');
    values.push(long.map((word) => `"${word.replaceAll('"', '""')}"`).join(' AND '));
  }
  for (const word of short) {
    const like = COLUMNS.map((column) => `${column} LIKE ? ESCAPE '!'`).join(' OR ');
    parts.push(`n IN (SELECT rowid FROM words WHERE ${like})`);
    values.push(...COLUMNS.map(() => `%${word.replaceAll(/[!%_]/g, '!$&')}%`));
  }
  for (const tag of tags) {
    parts.push('n IN (SELECT n FROM tags WHERE tag = ?)');
    values.push(tag);
  }
  return { where: parts.length > 0 ? `WHERE ${parts.join(' AND ')}` : '', values };
}
