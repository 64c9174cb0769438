import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { parseMount, parseVolume, userMounts } from '../../../apps/agent/src/via/embedded/bundle/volumes.ts';

describe('--volume', () => {
  it.each([
    ['/srv:/www', { source: '/srv', target: '/www', readonly: false }],
    ['/srv:/www:ro', { source: '/srv', target: '/www', readonly: true }],
    ['/srv:/www/:rw', { source: '/srv', target: '/www', readonly: false }],
  ])('%s is understood', (text, wanted) =>
    expect(parseVolume(text)).toMatchObject({ type: 'bind', ...wanted }),
  );

  it.each([
    ['/data', 'it names no host folder'],
    ['data:/data', '"data" is a volume’s name, not a path'],
    [':/data', 'there is no source'],
    ['/srv:www', 'must be an absolute path'],
    ['/srv:/', 'the container’s root can’t be mounted over'],
    ['/srv:/www:rw,ro', 'both ro and rw'],
    ['/srv:/www:z', '"z" is not an option'],
    ['/srv:/www:ro:x', 'more than three parts'],
  ])('%s is refused', (text, message) => expect(() => parseVolume(text)).toThrow(message));

  it('answers a named volume with what to do instead', () =>
    expect(() => parseVolume('data:/data')).toThrow(
      expect.objectContaining({ remedy: expect.stringContaining('--mount type=tmpfs') }),
    ));
});

describe('--mount', () => {
  it.each([
    ['type=bind,source=/srv,target=/www', { type: 'bind', source: '/srv', target: '/www', readonly: false }],
    ['type=bind,src=/srv,dst=/www,readonly', { source: '/srv', target: '/www', readonly: true }],
    ['type=bind,source=/srv,destination=/www,ro=false', { readonly: false }],
    ['type=bind,"source=/a,b",target=/www', { source: '/a,b' }],
    [
      'type=tmpfs,target=/x,tmpfs-size=64m,tmpfs-mode=700',
      { type: 'tmpfs', target: '/x', size: 67_108_864, mode: '700' },
    ],
  ])('%s is understood', (text, wanted) => expect(parseMount(text)).toMatchObject(wanted));

  it.each([
    ['source=data,target=/data', 'it asks for a named volume'],
    ['type=volume,source=data,target=/data', 'it asks for a named volume'],
    ['type=nfs,target=/x', 'type "nfs" is not known'],
    ['type=bind,source=/srv', 'must be an absolute path'],
    ['type=bind,target=/www', 'there is no source'],
    ['type=bind,source=data,target=/www', '"data" is a volume’s name'],
    ['type=bind,source=/srv,target=/www,readonly=maybe', 'neither true nor false'],
    ['type=bind,source=/srv,target=/www,tmpfs-size=1m', '"tmpfs-size" is not a field of bind'],
    ['type=tmpfs,target=/x,tmpfs-mode=rwx', 'is not octal'],
    ['type=tmpfs,target=/x,tmpfs-size=big', 'is not a size'],
  ])('%s is refused', (text, message) => expect(() => parseMount(text)).toThrow(message));
});

describe('the source of a bind mount', () => {
  let folder: string;
  const mounts = (volume: string[], allowed: string[]) => userMounts({ volume, mount: [] }, allowed);
  beforeAll(() => {
    folder = mkdtempSync(path.join(tmpdir(), 'volumes-test-'));
    mkdirSync(path.join(folder, 'allowed/inner'), { recursive: true });
    mkdirSync(path.join(folder, 'allowed-not'));
    writeFileSync(path.join(folder, 'allowed/file'), '');
    symlinkSync(path.join(folder, 'allowed-not'), path.join(folder, 'allowed/out'));
    symlinkSync(path.join(folder, 'allowed'), path.join(folder, 'link'));
  });
  afterAll(() => rmSync(folder, { recursive: true }));

  it('may be an allowed folder, what lies below it, and a file in it', async () => {
    for (const source of ['allowed', 'allowed/inner', 'allowed/file']) {
      const [one] = await mounts([`${folder}/${source}:/x`], [`${folder}/allowed`]);
      expect(one?.mount).toEqual({
        destination: '/x',
        type: 'bind',
        source: `${folder}/${source}`,
        options: ['rbind', 'rprivate', 'rw'],
      });
    }
  });

  it('is named by its real path, so that a link can’t be changed later', async () => {
    const [one] = await mounts([`${folder}/link/inner:/x:ro`], [`${folder}/link`]);
    expect(one?.mount.source).toBe(`${folder}/allowed/inner`);
    expect(one?.mount.options).toContain('ro');
  });

  it.each(['allowed-not', '.', 'allowed/../allowed-not', 'allowed/out'])('may not be %s', (source) =>
    expect(mounts([`${folder}/${source}:/x`], [`${folder}/allowed`])).rejects.toThrow('may not be mounted'),
  );

  it('is refused everywhere when no folder is allowed', () =>
    expect(mounts([`${folder}/allowed:/x`], [])).rejects.toThrow('no host folder is allowed'));

  it('has to exist', () =>
    expect(mounts([`${folder}/allowed/missing:/x`], [folder])).rejects.toThrow('does not exist on the host'));

  it('may be the root only where the root is allowed', async () => {
    await expect(mounts(['/:/host'], [folder])).rejects.toThrow('may not be mounted');
    expect((await mounts(['/:/host:ro'], ['/']))[0]?.mount.source).toBe('/');
  });

  it('can’t be mounted twice in one place', () =>
    expect(mounts([`${folder}:/x`, `${folder}:/x/`], [folder])).rejects.toThrow('/x is mounted twice'));
});
