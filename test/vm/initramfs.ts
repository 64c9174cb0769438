import { readdir, readFile } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { cpio } from './cpio.ts';

/** What it takes to see a virtio disk with ext4 on it; ext4 asks for crc32c by name only, so modules.dep does not say so. */
const WANTED = ['virtio_pci', 'virtio_blk', 'crc32c_generic', 'ext4'];

const INIT = `#!/bin/busybox sh
/bin/busybox mount -t devtmpfs dev /dev
for module in $(/bin/busybox cat /modules/order); do /bin/busybox insmod /modules/$module; done
while [ ! -b /dev/vdc ]; do /bin/busybox sleep 0.1; done
/bin/busybox mount -t ext4 /dev/vda /disk
/bin/busybox mount --move /dev /disk/dev
exec /bin/busybox switch_root /disk /sbin/init
`;

/** The first root filesystem of a machine that boots from the Debian tree `root`: mounts the disk and goes over to it. */
export async function initramfs(root: string): Promise<Buffer> {
  const [release] = await readdir(join(root, 'usr/lib/modules'));
  const modules = join(root, 'usr/lib/modules', release!);
  const order = inOrder(await readFile(join(modules, 'modules.dep'), 'utf8'));
  const loaded = await Promise.all(
    order.map(async (path) => ({
      name: `modules/${basename(path)}`,
      mode: 0o644,
      content: await readFile(join(modules, path)),
    })),
  );
  const folders = ['bin', 'dev', 'modules', 'disk'].map((name) => ({ name, mode: 0o755 }));
  return cpio([
    ...folders,
    { name: 'init', mode: 0o755, content: Buffer.from(INIT) },
    { name: 'bin/busybox', mode: 0o755, content: await readFile(join(root, 'bin/busybox')) },
    {
      name: 'modules/order',
      mode: 0o644,
      content: Buffer.from(order.map((path) => basename(path)).join('\n')),
    },
    ...loaded,
  ]);
}

/** The wanted modules behind all that they need, each once. A line of modules.dep: `path: nearest … farthest`. */
function inOrder(dependencies: string): string[] {
  const lines = dependencies.split('\n').map((line) => line.split(/:? /).filter(Boolean));
  const needed = WANTED.flatMap((name) => {
    const line = lines.find(([path]) => path?.replace(/:$/, '').endsWith(`/${name}.ko`));
    return line ? line.map((path) => path.replace(/:$/, '')).reverse() : [];
  });
  return [...new Set(needed)];
}
