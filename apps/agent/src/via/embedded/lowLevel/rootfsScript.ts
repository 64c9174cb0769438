import { relative } from 'node:path';
import { shellQuote } from './byHand/step.ts';
import type { ImageLayers } from './runtime.ts';

/**
 * Lines of a shell script that make the image's root filesystem at $ROOTFS once more, unless ROOTFS names a tree already;
 * $WORK is the script's own folder. `inside` = in a user namespace of an ordinary user.
 */
export function rootfsLines(image: ImageLayers, inside = false): string[] {
  return [
    '# the root filesystem: the image’s unpacked layers, with a folder on top that takes what the container writes',
    '# (elsewhere: skopeo copy docker://IMAGE oci:image:run && umoci raw unpack --image image:run rootfs)',
    `if [ -z "\${ROOTFS-}" ]; then`,
    '  ROOTFS=$WORK/rootfs',
    ...(image.noOverlay === undefined ? overlaid(image, inside) : copied(image)).map((line) => `  ${line}`),
    'fi',
  ];
}

function overlaid({ layers, layersFolder }: ImageLayers, inside: boolean): string[] {
  // overlayfs names the topmost layer first
  const lower = layers
    .map((layer) => relative(layersFolder, layer))
    .toReversed()
    .join(':');
  const own = inside ? ',userxattr' : '';
  const options = `"lowerdir=${lower},upperdir=$WORK/upper,workdir=$WORK/work${own}"`;
  return [
    'mkdir "$ROOTFS" "$WORK/upper" "$WORK/work"',
    `(cd ${shellQuote(layersFolder)} && mount -t overlay overlay -o ${options} "$ROOTFS")`,
    'MOUNTED=$ROOTFS',
  ];
}

function copied({ layers }: ImageLayers): string[] {
  return ['mkdir "$ROOTFS"', ...layers.map((layer) => `cp -a ${shellQuote(layer)}/. "$ROOTFS"`)];
}

/** The lines that take it away again, for the function that cleans up. */
export const ROOTFS_REMOVAL = `[ -z "\${MOUNTED-}" ] || umount "$MOUNTED" 2>/dev/null || umount -l "$MOUNTED" || true`;
