import { execFileSync } from 'node:child_process';
import { chmodSync, existsSync, mkdtempSync, readFileSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { buildStarter, parseReference, pullImage, removeTree, Store, unpackTree } from '@underdock/image';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { readElf } from '../../packages/image/src/starter/elf.ts';
import { Libraries } from '../../packages/image/src/starter/libraries.ts';

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'underdock-starter-'));
  chmodSync(folder, 0o755);
});
afterAll(() => removeTree(folder));

/** The image as it is in the store, and unpacked. */
async function unpacked(options: Parameters<typeof buildStarter>[1]) {
  const store = new Store(mkdtempSync(join(folder, 'store-')));
  const built = await buildStarter(store, { ...options, repository: 'docker.io/library/starter' });
  const image = await pullImage(parseReference('starter'), { store });
  const root = mkdtempSync(join(folder, 'root-'));
  await unpackTree(image, join(root, 'fs'), { store });
  return { built, image, root: join(root, 'fs') };
}

describe('the starter image', () => {
  test('has a layer that changes a file and one that deletes a file', async () => {
    const { image, root } = await unpacked({});
    expect(image.layers.map(({ mediaType }) => mediaType.split('+')[1])).toEqual(['gzip', 'zstd', 'gzip']);
    expect(image.layers.map(({ createdBy }) => createdBy)).toEqual([
      expect.stringContaining('copy'),
      expect.stringContaining('change /etc/motd'),
      expect.stringContaining('rm /etc/build-notes'),
    ]);
    expect(readFileSync(join(root, 'etc/motd'), 'utf8')).toContain('the upper of two');
    expect(existsSync(join(root, 'etc/build-notes'))).toBe(false);
    expect(image.config.config).toMatchObject({ Cmd: ['/bin/sh'], WorkingDir: '/' });
  });

  test('has the same digest each time it is built from the same files', async () => {
    const digests = await Promise.all([1, 2].map(async () => (await unpacked({})).built.digest));
    expect(digests[0]).toBe(digests[1]);
  });

  test('is gzip throughout for clients that know no zstd', async () => {
    const { image } = await unpacked({ compression: 'gzip' });
    expect(image.layers.every(({ mediaType }) => mediaType.endsWith('+gzip'))).toBe(true);
  });

  test.each([
    ['busybox', false],
    ['the host’s own shell and coreutils', true],
  ])('made of %s has programs that start in it with nothing else there', async (_, avoidBusybox) => {
    const { root, built } = await unpacked({ avoidBusybox });
    const script = 'cat /etc/motd; ls /etc; echo heart; type heartbeat; id; uname -s; sleep 0';
    const inside = ['/bin/sh', '-c', script];
    const command = process.getuid?.() === 0 ? ['chroot', root] : ['unshare', '-r', 'chroot', root];
    const env = { PATH: '/bin:/usr/bin:/usr/sbin:/sbin' };
    const text = execFileSync(command[0] ?? '', [...command.slice(1), ...inside], {
      env,
      stdio: 'pipe',
    }).toString();
    expect(text).toMatch(/Welcome[\s\S]*os-release[\s\S]*heartbeat[\s\S]*uid=0[\s\S]*Linux/);
    expect(built.tools.names.length).toBeGreaterThan(20);
  });

  test('lives on with heartbeat until it is stopped', async () => {
    const { root } = await unpacked({});
    // The shell gives background commands /dev/null, which a container would have.
    writeFileSync(join(root, 'dev/null'), '');
    const text = execFileSync(
      process.getuid?.() === 0 ? 'chroot' : 'unshare',
      [
        ...(process.getuid?.() === 0 ? [] : ['-r', 'chroot']),
        root,
        '/bin/sh',
        '-c',
        'heartbeat 0.1 & sleep 0.35; kill -TERM $!; wait $!',
      ],
      { env: { PATH: '/bin:/usr/bin:/usr/sbin:/sbin' }, stdio: 'pipe' },
    ).toString();
    expect(text).toMatch(/heartbeat 1 from .*\n[\s\S]*stopped after \d+ beats/);
  });
});

describe('libraries', () => {
  test('of this very Node are those that the dynamic loader names', () => {
    const program = process.execPath;
    const listed = execFileSync('ldd', [program], { stdio: 'pipe' }).toString();
    const expected = [...listed.matchAll(/^\s+(\S+\.so\S*)(?= =>)/gm)].map(([, name]) => name).sort();
    const found = new Libraries().closure(program)?.map(({ path }) => path) ?? [];
    const loader = readElf(program)?.interpreter;
    const names = found.filter((path) => path !== loader).map((path) => path.split('/').at(-1));
    expect(names.sort()).toEqual(expected.filter((name) => !loader?.endsWith(`/${name}`)));
  });
  test('of a script or of nothing are none', () => {
    expect(new Libraries().closure('/etc/passwd')).toEqual([]);
    expect(readElf('/nowhere')).toBeUndefined();
  });
});
