import { spawnSync } from 'node:child_process';
import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { buildPause, parseReference, pullImage, removeTree, Store, unpackTree } from '@underdock/image';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';

let folder: string;
let store: Store;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'underdock-pause-'));
  store = new Store(join(folder, 'store'));
});
afterEach(() => removeTree(folder));

describe('the pause image', () => {
  test('is known by its name, and the same host files give the same digest', async () => {
    const first = await buildPause(store);
    expect((await store.references.get('pause', 'latest'))?.digest).toBe(first.digest);
    expect((await buildPause(store)).digest).toBe(first.digest);
  });

  test('holds one program that sleeps with nothing else there, and its history says what it is', async () => {
    const { digest, from, entrypoint } = await buildPause(store);
    await store.references.set('docker.io/library/pause', 'latest', {
      ...((await store.references.get('pause', 'latest')) as { mediaType: string; size: number }),
      digest,
    });
    const image = await pullImage(parseReference('pause'), { store });
    expect(image.layers.map(({ createdBy }) => createdBy)).toEqual([expect.stringContaining(from)]);
    const root = join(folder, 'root');
    await unpackTree(image, root, { store });
    const inside = process.getuid?.() === 0 ? ['chroot', root] : ['unshare', '-r', 'chroot', root];
    const words = [...inside, ...entrypoint];
    const { signal, stderr } = spawnSync(words[0] ?? '', words.slice(1), { timeout: 300, encoding: 'utf8' });
    expect({ signal, stderr }).toEqual({ signal: 'SIGTERM', stderr: '' });
  });
});
