import { execFile, execFileSync } from 'node:child_process';
import {
  chmodSync,
  chownSync,
  linkSync,
  mkdirSync,
  mkdtempSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import {
  buildStarter,
  type Descriptor,
  exportLayout,
  importLayout,
  parseReference,
  pullImage,
  removeTree,
  Store,
  unpackLayerFolder,
  unpackTree,
} from '@underdock/image';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { fileCalls } from '../../apps/agent/src/daemons/fileCalls.ts';
import { startRegistry } from '../../apps/agent/src/daemons/registry.ts';
import { startDebianRegistry } from '../fakes/debianRegistry.ts';
import { type MadeLayer, makeImage, makeTar } from '../fakes/imageMaker.ts';
import { differences, treeFacts } from '../fakes/treeFacts.ts';

// Not the synchronous kind where our own registry, in this process, must answer.
const run = promisify(execFile);

let folder: string;
let layers: MadeLayer[];

beforeAll(async () => {
  if (process.getuid?.() !== 0) throw new Error('these tests compare owners and devices: run them as root');
  folder = mkdtempSync(join(tmpdir(), 'underdock-identity-'));
  layers = [{ tar: gnuLayer() }, { tar: paxLayer() }, { tar: await changesLayer() }];
});

afterAll(() => removeTree(folder));

/** What a distribution’s base layer holds: owners, special bits, links, devices, long and strange names. */
function gnuLayer(): Buffer {
  const root = join(folder, 'base');
  const file = (name: string, text: string, mode = 0o644) => {
    writeFileSync(join(root, name), text);
    chmodSync(join(root, name), mode);
  };
  for (const name of [
    'etc',
    'bin',
    'dev',
    'tmp',
    'var/lib/app',
    'gone/inner',
    'opaque/below',
    'shared',
    'usr/lib',
    'ro',
  ])
    mkdirSync(join(root, name), { recursive: true });
  file('etc/motd', 'lower');
  file('etc/secret', 'x', 0o600);
  file('bin/su', '#!suid', 0o4755);
  file('bin/wall', '#!sgid', 0o2711);
  file('gone/inner/file', 'gone');
  file('opaque/below/file', 'hidden');
  file('opaque/kept-name', 'old');
  file('var/lib/app/data', 'd'.repeat(300_000));
  file('empty', '');
  file('ro/inside', 'r', 0o444);
  file(`name with space and é`, 'u');
  file('new\nline', 'n');
  writeFileSync(Buffer.concat([Buffer.from(`${root}/latin-`), Buffer.from([0xe9, 0xff])]), 'not utf-8');
  const long = `${'long-folder-name-'.repeat(6)}/${'deeper-'.repeat(20)}`;
  mkdirSync(join(root, long), { recursive: true });
  file(`${long}/${'f'.repeat(200)}`, 'long');
  addLinksAndDevices(root);
  chownSync(join(root, 'var/lib/app'), 1000, 2000);
  chownSync(join(root, 'var/lib/app/data'), 70_000, 3_000_000);
  chmodSync(join(root, 'tmp'), 0o1777);
  chmodSync(join(root, 'shared'), 0o2775);
  chmodSync(join(root, 'ro'), 0o555);
  for (const name of ['etc/motd', 'tmp', 'var', 'opaque', 'empty']) utimesSync(join(root, name), 1e9, 1e9);
  return tarOf(root, ['--format=gnu']);
}

function addLinksAndDevices(root: string): void {
  symlinkSync('usr/lib', join(root, 'lib'));
  symlinkSync('/etc/motd', join(root, 'absolute-link'));
  symlinkSync('../../../../etc/passwd', join(root, 'climbing-link'));
  symlinkSync('nowhere', join(root, 'dangling'));
  symlinkSync('t'.repeat(300), join(root, 'long-link'));
  linkSync(join(root, 'etc/motd'), join(root, 'etc/motd-twin'));
  linkSync(join(root, 'bin/su'), join(root, 'bin/su-twin'));
  fileCalls.mknod(Buffer.from(join(root, 'dev/null')), 0o020666, 1, 3);
  fileCalls.mknod(Buffer.from(join(root, 'dev/disk')), 0o060660, 259, 70_000);
  fileCalls.mknod(Buffer.from(join(root, 'dev/pipe')), 0o010640, 0, 0);
}

/** PAX: times below a second, attributes (binary too), a directory that is replaced. */
function paxLayer(): Buffer {
  const root = join(folder, 'pax');
  for (const name of ['etc', 'attributes', 'opaque', 'lib']) mkdirSync(join(root, name), { recursive: true });
  writeFileSync(join(root, 'etc/motd'), 'upper');
  writeFileSync(join(root, 'attributes/capable'), 'ping');
  // security.capability, version 2: cap_net_raw and bits above 0x7f, which are no UTF-8.
  fileCalls.setXattr(
    Buffer.from(join(root, 'attributes/capable')),
    'security.capability',
    Buffer.from('0100000200a0c1ff00000000ff00000000000000', 'hex'),
  );
  fileCalls.setXattr(Buffer.from(join(root, 'attributes')), 'user.note', Buffer.from('für\n=\0ende'));
  fileCalls.setXattr(Buffer.from(join(root, 'attributes')), 'trusted.note', Buffer.from('t'));
  writeFileSync(join(root, 'lib/through-the-link'), 'lands in usr/lib?');
  fileCalls.setTimes(Buffer.from(join(root, 'etc/motd')), 1_650_000_000, 123_456_789);
  symlinkSync(`${'p'.repeat(150)}/é`, join(root, 'pax-link'));
  return tarOf(root, ['--format=posix', '--xattrs', '--xattrs-include=*', '--exclude=./lib']);
}

function tarOf(root: string, options: string[]): Buffer {
  return execFileSync('tar', ['-C', root, '--numeric-owner', ...options, '-c', '.'], { maxBuffer: 1 << 28 });
}

/** Deletions, replacements, folders passed through, links into the layers below. */
async function changesLayer(): Promise<Buffer> {
  return makeTar([
    { name: 'gone/.wh.inner' },
    { name: '.wh.empty' },
    { name: 'opaque/', type: 'directory', mode: 0o700, mtime: 1_500_000_000 },
    { name: 'opaque/.wh..wh..opq' },
    { name: 'opaque/new', content: 'new' },
    { name: 'bin/su', content: 'replaced', mode: 0o755, uid: 0, gid: 0 },
    { name: 'usr/lib/passed-through', content: 'x', uid: 5, gid: 6 },
    { name: 'shared/implicit/parents/file', content: 'i' },
    { name: 'dangling', type: 'directory', mode: 0o711 },
    { name: 'ro', content: 'a folder becomes a file' },
    { name: 'twin-of-lower', type: 'link', linkname: 'etc/secret' },
    { name: './dot/../dotted', content: 'normal' },
  ]);
}

async function umociTree(store: Store, target: Descriptor, name: string): Promise<Map<string, string>> {
  const layout = join(folder, `layout-${name}`);
  await exportLayout(target, store, layout, 'test');
  const bundle = join(folder, `bundle-${name}`);
  execFileSync('umoci', ['unpack', '--image', `${layout}:test`, bundle], { stdio: 'pipe' });
  return treeFacts(join(bundle, 'rootfs'));
}

/** Folders that no layer describes get the time of unpacking, and with umoci so does the one that they are made in. */
function withoutImplicitTimes(facts: Map<string, string>): Map<string, string> {
  for (const path of ['shared', 'shared/implicit', 'shared/implicit/parents'])
    facts.set(path, (facts.get(path) ?? '').replace(/mtime=\d+/, 'mtime=any'));
  return facts;
}

async function pullFrom(name: string, tag: string) {
  const store = new Store(mkdtempSync(join(folder, 'pulled-')));
  const image = await pullImage(parseReference(`${name}:${tag}`), { store });
  return { store, image };
}

describe('an unpacked image', () => {
  test('is the tree that umoci makes of it, served by Debian’s registry and by ours, gzip and zstd', async () => {
    const source = new Store(join(folder, 'source'));
    const target = await makeImage(source, 'nasty', 'gzip', layers);
    await makeImage(
      source,
      'nasty',
      'zstd',
      layers.map((layer) => ({ ...layer, compression: 'zstd' as const })),
    );
    const expected = withoutImplicitTimes(await umociTree(source, target, 'nasty'));
    expect(expected.size).toBeGreaterThan(40);
    const ours = await startRegistry(source);
    const debian = await startDebianRegistry(join(folder, 'debian'));
    try {
      execFileSync('skopeo', [
        'copy',
        '--quiet',
        '--dest-tls-verify=false',
        `oci:${join(folder, 'layout-nasty')}:test`,
        `docker://${debian.host}/nasty:gzip`,
      ]);
      for (const [host, tag] of [
        [debian.host, 'gzip'],
        [ours.host, 'gzip'],
        [ours.host, 'zstd'],
      ] as const) {
        const { store, image } = await pullFrom(`${host}/nasty`, tag);
        const root = join(folder, `root-${host.replace(':', '-')}-${tag}`);
        const results = await unpackTree(image, root, { store, calls: fileCalls });
        expect(results.flatMap(({ skipped }) => skipped)).toEqual([]);
        expect(differences(expected, withoutImplicitTimes(treeFacts(root)))).toEqual([]);
      }
    } finally {
      await Promise.all([ours.close(), debian.close()]);
    }
  });

  test('is the same when its layers are unpacked one by one and mounted as an overlay', async () => {
    const source = new Store(join(folder, 'overlaid'));
    await makeImage(source, 'nasty', 'overlay', layers);
    const ours = await startRegistry(source);
    try {
      const { store, image } = await pullFrom(`${ours.host}/nasty`, 'overlay');
      const flat = join(folder, 'flat');
      await unpackTree(image, flat, { store, calls: fileCalls });
      const lowers: string[] = [];
      for (const layer of image.layers) {
        const target = join(folder, `l${layer.index}`);
        await unpackLayerFolder(layer, target, { store, calls: fileCalls, lowers, attributes: 'trusted' });
        lowers.unshift(target);
      }
      const seen = overlayFacts(lowers);
      const normal = (facts: Map<string, string>) =>
        new Map(
          [...withoutImplicitTimes(facts)].map(([path, fact]) => [
            path,
            fact.replace(/links=\d+ first=\S+ /, ''),
          ]),
        );
      expect(differences(normal(treeFacts(flat)), normal(seen))).toEqual([]);
    } finally {
      await ours.close();
    }
  });

  test('of the starter is pulled by skopeo from our registry and unpacked alike by umoci', async () => {
    const source = new Store(join(folder, 'starter'));
    await buildStarter(source, { compression: 'gzip' });
    const ours = await startRegistry(source);
    try {
      const layout = join(folder, 'starter-layout');
      await run('skopeo', [
        'copy',
        '--quiet',
        '--src-tls-verify=false',
        `docker://${ours.host}/starter`,
        `oci:${layout}:starter`,
      ]);
      const bundle = join(folder, 'starter-bundle');
      execFileSync('umoci', ['unpack', '--image', `${layout}:starter`, bundle], { stdio: 'pipe' });
      const store = new Store(join(folder, 'from-layout'));
      await importLayout(layout, store, {
        tag: 'starter',
        repository: 'docker.io/library/starter',
        as: 'latest',
      });
      // Everything is here already, so no registry is asked.
      const image = await pullImage(parseReference('starter'), { store });
      const root = join(folder, 'starter-root');
      await unpackTree(image, root, { store, calls: fileCalls });
      expect(differences(treeFacts(join(bundle, 'rootfs')), treeFacts(root))).toEqual([]);
      expect(execFileSync('chroot', [root, '/bin/sh', '-c', 'cat /etc/motd; ls /etc']).toString()).toMatch(
        /Welcome[\s\S]*motd/,
      );
    } finally {
      await ours.close();
    }
  });
});

/** Mounts in a mount namespace of its own, where this very file’s helper lists the tree. */
function overlayFacts(lowers: string[]): Map<string, string> {
  const merged = join(folder, 'merged');
  mkdirSync(merged, { recursive: true });
  const script = `mount -t overlay overlay -o lowerdir=${lowers.join(':')} ${merged} && exec "$@"`;
  const program = `import { treeFacts } from ${JSON.stringify(join(import.meta.dirname, '../fakes/treeFacts.ts'))};
    process.stdout.write(JSON.stringify([...treeFacts(${JSON.stringify(merged)})]));`;
  const node = [process.execPath, '--input-type=module', '-e', program];
  const text = execFileSync(
    'unshare',
    ['-m', '--propagation', 'private', 'sh', '-c', script, 'sh', ...node],
    {
      maxBuffer: 1 << 28,
    },
  );
  return new Map(JSON.parse(text.toString()) as [string, string][]);
}
