import { createHash } from 'node:crypto';
import { existsSync } from 'node:fs';
import { cp, mkdir, readdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { command, MachineError } from './command.ts';
import { initramfs } from './initramfs.ts';

const SUITE = process.env.UNDERDOCK_VM_SUITE ?? 'bookworm';
const PACKAGES = [
  ...['runc', 'crun', 'bpftrace', 'strace', 'util-linux', 'mount', 'iproute2', 'hostname', 'perl-base'],
  ...['uidmap', 'busybox-static', 'kmod', 'procps', 'passwd', 'libstdc++6', 'libatomic1'],
];
const beside = (name: string): string => fileURLToPath(new URL(name, import.meta.url));
const RECIPE = beside('guest/base.sh');
const INGREDIENTS = [RECIPE, beside('initramfs.ts'), beside('cpio.ts')];

/** What a machine boots from: files that are only read. */
export interface DebianImage {
  kernel: string;
  initramfs: string;
  disk: string;
}

/** Debian with its own kernel as a disk, made once for each recipe and kept in `cache`. Needs root the first time. */
export async function debianImage(cache: string): Promise<DebianImage> {
  const key = createHash('sha256').update(JSON.stringify([SUITE, PACKAGES]));
  for (const source of INGREDIENTS) key.update(await readFile(source));
  const folder = join(cache, `debian-${SUITE}-${key.digest('hex').slice(0, 16)}`);
  if (!existsSync(folder)) await make(folder, cache);
  return {
    kernel: join(folder, 'vmlinuz'),
    initramfs: join(folder, 'initramfs.cpio'),
    disk: join(folder, 'disk.ext4'),
  };
}

async function make(folder: string, cache: string): Promise<void> {
  if (process.getuid?.() !== 0)
    throw new MachineError(
      'unsupported-host',
      'making the Debian image needs root once: run this as root, later runs need no root',
    );
  console.log(`making a Debian ${SUITE} image with its kernel (once, about a minute) …`);
  await mkdir(cache, { recursive: true });
  for (const name of await readdir(cache))
    if (name.startsWith('debian-')) await rm(join(cache, name), { recursive: true, force: true });
  const making = join(cache, `making-${process.pid}`);
  try {
    const root = join(making, 'root');
    await mkdir(making);
    // In namespaces of its own: its mounts are nobody else's, and everything it has started dies with this process.
    await command('setpriv', [
      ...['--pdeathsig', 'KILL', '--', 'unshare', '--mount', '--propagation', 'private'],
      ...['--pid', '--fork', '--kill-child', '--mount-proc', 'mmdebstrap'],
      '--quiet',
      '--mode=root',
      '--variant=minbase',
      `--include=${PACKAGES.join(',')}`,
      '--dpkgopt=path-exclude=/usr/share/man/*',
      '--dpkgopt=path-exclude=/usr/share/doc/*',
      '--dpkgopt=path-exclude=/usr/share/locale/*',
      `--customize-hook=${RECIPE} "$1"`,
      SUITE,
      root,
    ]);
    await cp(join(root, 'boot/vmlinuz'), join(making, 'vmlinuz'));
    await writeFile(join(making, 'initramfs.cpio'), await initramfs(root));
    await makeDisk(root, join(making, 'disk.ext4'), '3G');
    await rm(root, { recursive: true, force: true });
    // Somebody else may have made the same at the same time.
    if (!existsSync(folder)) await rename(making, folder);
  } finally {
    await rm(making, { recursive: true, force: true });
  }
}

/** A folder as an ext4 disk image; needs no mounting. `size` as mke2fs takes it; the file is sparse. */
export async function makeDisk(folder: string, image: string, size: string): Promise<void> {
  const lean = ['-O', '^has_journal', '-E', 'lazy_itable_init=1,root_owner=0:0', '-m', '0'];
  await command('mke2fs', ['-q', '-F', '-t', 'ext4', ...lean, '-d', folder, image, size]);
}
