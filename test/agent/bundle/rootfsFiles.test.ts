import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readdirSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import {
  folderInRootfs,
  readInRootfs,
  resolveInRootfs,
} from '../../../apps/agent/src/via/embedded/bundle/rootfsFiles.ts';

let outside: string;
let root: string;
beforeEach(() => {
  outside = mkdtempSync(path.join(tmpdir(), 'rootfs-test-'));
  root = path.join(outside, 'root');
  mkdirSync(path.join(root, 'etc'), { recursive: true });
  writeFileSync(path.join(outside, 'secret'), 'of the host');
});
afterEach(() => rmSync(outside, { recursive: true, force: true }));

describe('a path inside a root filesystem', () => {
  it('stays inside when a link is absolute', async () => {
    symlinkSync('/etc', path.join(root, 'config'));
    expect(await resolveInRootfs(root, '/config/passwd')).toBe(path.join(root, 'etc/passwd'));
  });

  it.each(['../../secret', '/../../secret', 'etc/../../../secret'])('stays inside with %s', async (inner) =>
    expect(await resolveInRootfs(root, inner)).toBe(path.join(root, 'secret')),
  );

  it('stays inside when a link climbs', async () => {
    symlinkSync('../../../secret', path.join(root, 'etc/passwd'));
    expect(await readInRootfs(root, '/etc/passwd')).toBeUndefined();
    writeFileSync(path.join(root, 'secret'), 'of the image');
    expect(await readInRootfs(root, '/etc/passwd')).toBe('of the image');
  });

  it('is refused when links go round', async () => {
    symlinkSync('b', path.join(root, 'a'));
    symlinkSync('a', path.join(root, 'b'));
    await expect(resolveInRootfs(root, '/a')).rejects.toThrow('more than 40 links');
  });

  it('is not read where a pipe stands in the place of a file', async () => {
    execFileSync('mkfifo', [path.join(root, 'etc/passwd')]);
    expect(await readInRootfs(root, '/etc/passwd')).toBeUndefined();
  });

  it('becomes a folder, parents included', async () => {
    expect(await folderInRootfs(root, '/srv/www')).toBe(path.join(root, 'srv/www'));
    expect(readdirSync(path.join(root, 'srv'))).toEqual(['www']);
  });

  it('becomes a folder behind a link inside the root only', async () => {
    symlinkSync(outside, path.join(root, 'out'));
    await folderInRootfs(root, '/out/made');
    expect(readdirSync(outside).toSorted()).toEqual(['root', 'secret']);
  });

  it('is refused as a folder when a file is in the way', async () => {
    writeFileSync(path.join(root, 'srv'), '');
    await expect(folderInRootfs(root, '/srv')).rejects.toThrow('can’t work in /srv');
  });
});
