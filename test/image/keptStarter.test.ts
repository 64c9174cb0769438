import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { keepStarter, Store } from '@underdock/image';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';

let folder: string;
let store: Store;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'underdock-kept-'));
  store = new Store(folder);
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

const noteFile = () => join(folder, 'starter.json');
const note = () => JSON.parse(readFileSync(noteFile(), 'utf8'));

describe('keepStarter', () => {
  it('builds the image once while the host’s files stay the same', async () => {
    expect(await keepStarter(store)).toEqual({ built: true });
    expect(await keepStarter(store)).toEqual({ built: false });
    const target = await store.references.get('starter', 'latest');
    expect(target?.digest).toBe(note().index);
  });

  it('builds it again when a file that it was made of has changed, a blob is gone, or its note is cut off', async () => {
    await keepStarter(store);
    const kept = note();
    const [source = ''] = Object.keys(kept.marks);
    writeFileSync(noteFile(), JSON.stringify({ ...kept, marks: { ...kept.marks, [source]: 'before' } }));
    expect(await keepStarter(store)).toEqual({ built: true });
    rmSync(store.path(kept.blobs.at(-1).digest));
    expect(await keepStarter(store)).toEqual({ built: true });
    writeFileSync(noteFile(), '{"index":');
    expect(await keepStarter(store)).toEqual({ built: true });
    expect(await keepStarter(store)).toEqual({ built: false });
  });
});
