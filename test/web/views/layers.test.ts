import { describe, expect, it } from 'vitest';
import { layersOf } from '../../../apps/web/src/source/layers.ts';
import { layerTitle, madeBy, modeOf, noteOf, sizeOf } from '../../../apps/web/src/views/layers/layerWords.ts';
import { readOptions } from '../../../apps/web/src/views/layers/mountOptions.ts';

const file = { name: 'a', kind: 'file', mode: 0o644, uid: 0, gid: 0 } as const;

describe('the words of a layer', () => {
  it('count from 1 for people, and say whose the others are', () => {
    expect(layerTitle({ kind: 'image', index: 0 })).toBe('Image layer 1');
    expect(layerTitle({ kind: 'upper', index: 4 })).toBe('What the container changed');
  });

  it.each([
    ['/bin/sh -c #(nop) COPY file:ab in /etc/ ', 'COPY file:ab in /etc/'],
    ['/bin/sh -c rm /etc/motd', 'RUN rm /etc/motd'],
    ['COPY . . # buildkit', 'COPY . . # buildkit'],
    ['', 'the image does not say what made it'],
  ])('have what made it as one would write it in a Dockerfile: %s', (createdBy, words) => {
    expect(madeBy({ kind: 'image', createdBy })).toBe(words);
  });

  it('have its size as told, else as counted', () => {
    const layer = { index: 0, kind: 'image' } as const;
    expect(sizeOf({ ...layer, bytes: 2048 })).toBe('2 KiB');
    expect(sizeOf({ ...layer, counted: { entries: 1, bytes: 3, more: false } })).toBe('1 name, 3 B');
    expect(sizeOf({ ...layer, counted: { entries: 4000, bytes: 3, more: true } })).toMatch(
      /^more than 4.?000 names/,
    );
    expect(sizeOf(layer)).toBe('');
  });
});

describe('the words of a file', () => {
  it.each([
    [file, '-rw-r--r--'],
    [{ ...file, mode: 0o4755 }, '-rwsr-xr-x'],
    [{ ...file, mode: 0o2644 }, '-rw-r-Sr--'],
    [{ ...file, kind: 'folder', mode: 0o1777 }, 'drwxrwxrwt'],
    [{ ...file, kind: 'link', mode: 0o777 }, 'lrwxrwxrwx'],
    [{ ...file, kind: 'device', mode: 0o660, device: 'block 8:0' }, 'brw-rw----'],
  ] as const)('have its mode as ls writes it', (entry, mode) => {
    expect(modeOf(entry)).toBe(mode);
  });

  it('explain marks, and leave plain files alone', () => {
    expect(noteOf({ ...file, kind: 'whiteout' })).toContain('character device 0/0');
    expect(noteOf({ ...file, kind: 'folder', opaque: true })).toContain('trusted.overlay.opaque');
    expect(noteOf(file)).toBeUndefined();
  });
});

describe('the options of a mount', () => {
  const told = { lower: ['/b', '/a'], upper: '/u', work: '/w' };

  it('are taken apart as the kernel shows them', () => {
    const mountOptions = 'rw,lowerdir=l/B\\:1:l/A,upperdir=/d/x,y/u,workdir=/d/x,y/w,uuid=on';
    expect(readOptions({ ...told, mountOptions })).toMatchObject({
      lower: ['l/B\\:1', 'l/A'],
      upper: '/d/x,y/u',
      work: '/d/x,y/w',
      others: ['rw', 'uuid=on'],
    });
  });

  it('are put together from the trace where nothing is mounted', () => {
    const options = readOptions(told);
    expect(options.line).toBe('lowerdir=/b:/a,upperdir=/u,workdir=/w');
    expect(options).toMatchObject({ lower: ['/b', '/a'], upper: '/u', work: '/w', others: [] });
  });
});

describe('asking the agent', () => {
  it('names the container and writes paths so that they arrive', async () => {
    const asked: string[] = [];
    const read = async (path: string) => {
      asked.push(path);
      return { path: '/', entries: [], count: 0, more: false, opaque: false };
    };
    await layersOf({ read }, 'r1', 'c1').folder(2, '/a b&c');
    expect(asked).toEqual(['runs/r1/layers/2/files?path=%2Fa+b%26c&container=c1']);
  });

  it('takes no answer that it does not know', async () => {
    const layers = layersOf({ read: async () => ({ layers: 'none' }) }, 'r1', undefined);
    await expect(layers.stack()).rejects.toMatchObject({ code: 'unreadable' });
  });
});
