import { chmodSync, closeSync, mkdirSync, renameSync, rmSync, symlinkSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { openLayer } from '../../../apps/agent/src/disk/stores.ts';
import { dockerStore, type LayerOnDisk, layerOnDisk } from '../../fakes/layerOnDisk.ts';

let made: LayerOnDisk;
beforeEach(() => {
  made = layerOnDisk();
});
afterEach(() => made.remove());

const opened = (folder: string, run = 'r1') => {
  try {
    closeSync(openLayer(folder, { stateDir: made.stateDir, run }).fd);
    return 'opened';
  } catch (error) {
    return (error as { code: string }).code;
  }
};

describe('a folder that a trace names as a layer', () => {
  it.each([
    '/',
    '/etc',
    '/root',
    '/srv/.ssh',
    '/proc/self/cwd',
    '/var/lib/docker',
    '/etc/overlay2/diff',
    'etc',
  ])('is not opened where no engine keeps layers: %s', (folder) => {
    expect(opened(folder)).toMatch(/^(not-a-layer|bad-path)$/);
  });

  it('is opened in underdock’s own folder if it is a layer, and nothing else there is', () => {
    expect(opened(made.layer)).toBe('opened');
    const { stateDir } = made;
    for (const place of ['.', 'layers', 'traces', 'layers/x', 'runs/r1', 'runs/r1/upper/etc', 'tokens.json'])
      expect(opened(join(stateDir, place)), place).toBe('not-a-layer');
    expect(opened(`${made.layer}/etc`)).toBe('not-a-layer');
    expect(opened(`${stateDir}/layers/../traces`)).toMatch(/^(not-a-layer|bad-path)$/);
  });

  it('is opened among what was made for a run only for this very run', () => {
    const upper = join(made.stateDir, 'runs', 'r1', 'upper');
    mkdirSync(upper, { recursive: true });
    expect(opened(upper, 'r1')).toBe('opened');
    expect(opened(upper, 'r2')).toBe('not-a-layer');
  });

  it('is followed to where the state folder’s owner has really put it', () => {
    const link = `${made.stateDir}-link`;
    symlinkSync(made.stateDir, link);
    const { fd } = openLayer(made.layer.replace(made.stateDir, link), { stateDir: link, run: 'r1' });
    closeSync(fd);
    rmSync(link);
  });
});

describe('a store of an engine', () => {
  it('is known by its shape and by what else lies in it', () => {
    const { store, diff } = dockerStore(join(made.stateDir));
    expect(opened(diff)).toBe('opened');
    expect(opened(join(diff, '..'))).toBe('not-a-layer');
    expect(opened(join(store, 'a'.repeat(64), 'work'))).toBe('not-a-layer');
    rmSync(join(store, 'l'), { recursive: true });
    expect(opened(diff)).toBe('file-not-found');
  });

  it('is not trusted where others could have put their own folders in its place', () => {
    const { store, diff } = dockerStore(made.stateDir);
    for (const folder of [made.stateDir, store, join(diff, '..')]) {
      chmodSync(folder, 0o777);
      expect(opened(diff), folder).toBe('not-a-layer');
      chmodSync(folder, 0o1777);
      expect(opened(diff), folder).toBe('opened');
      chmodSync(folder, 0o755);
    }
    chmodSync(diff, 0o777);
    expect(opened(diff)).toBe('opened');
  });

  it('has no layer behind a symbolic link, wherever on the way it stands', () => {
    const { store, diff } = dockerStore(made.stateDir);
    renameSync(diff, `${diff}.old`);
    symlinkSync('/etc', diff);
    expect(opened(diff)).toBe('symbolic-link');
    rmSync(diff);
    renameSync(`${diff}.old`, diff);
    renameSync(store, `${store}.old`);
    symlinkSync(`${store}.old`, store);
    expect(opened(diff)).toBe('symbolic-link');
  });
});
