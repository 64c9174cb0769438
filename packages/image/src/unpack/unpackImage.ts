import { randomBytes } from 'node:crypto';
import { mkdirSync, renameSync, utimesSync } from 'node:fs';
import { dirname } from 'node:path';
import { errnoOf, fileError, ImageError } from '../error.ts';
import type { PulledImage, PulledLayer } from '../pull/pulled.ts';
import type { Store } from '../store.ts';
import { removeTree } from './removeTree.ts';
import { type UnpackedLayer, type UnpackOptions, unpackLayer } from './unpackLayer.ts';

/** What is the same for every layer. */
export type UnpackImageOptions = Omit<UnpackOptions, 'style' | 'lowers'> & { store: Store };

/**
 * Unpacks all layers of an image into one new folder, the deletions done: a root filesystem. The folder appears under
 * its name when it is whole; after a failure nothing is left.
 */
export async function unpackTree(
  image: Pick<PulledImage, 'layers'>,
  target: string,
  options: UnpackImageOptions,
): Promise<UnpackedLayer[]> {
  return whole(target, async (folder) => {
    const results: UnpackedLayer[] = [];
    for (const layer of image.layers)
      results.push(await one(layer, folder, { ...options, style: { kind: 'flat' } }));
    return results;
  });
}

/**
 * Unpacks one layer into a new folder of its own, for a lowerdir of overlayfs. `lowers`: the unpacked layers below,
 * nearest first. The folder appears under its name when it is whole; after a failure nothing is left.
 */
export async function unpackLayerFolder(
  layer: PulledLayer,
  target: string,
  options: UnpackImageOptions & { lowers: readonly string[]; attributes: 'trusted' | 'user' },
): Promise<UnpackedLayer> {
  const style = { kind: 'overlay' as const, attributes: options.attributes };
  return whole(target, (folder) => one(layer, folder, { ...options, style }));
}

async function one(
  layer: PulledLayer,
  folder: string,
  options: UnpackOptions & { store: Store },
): Promise<UnpackedLayer> {
  const { index, digest, diffId, bytes } = layer;
  try {
    return await unpackLayer({ path: options.store.path(digest), index, digest, diffId }, folder, options);
  } catch (error) {
    // A blob that the disk has damaged must not be taken for good by the next pull.
    if (error instanceof ImageError && ['corrupt-layer', 'digest-mismatch'].includes(error.code))
      await options.store.has({ digest, size: bytes }, true);
    throw error;
  }
}

async function whole<T>(target: string, fill: (folder: string) => Promise<T>): Promise<T> {
  const partial = `${target}.${process.pid}.${randomBytes(6).toString('hex')}.partial`;
  try {
    mkdirSync(dirname(target), { recursive: true });
    mkdirSync(partial, 0o755);
    // Many images don’t describe their root: then it has one fixed time rather than that of unpacking, as with umoci.
    utimesSync(partial, 0, 0);
    const result = await fill(partial);
    putInPlace(partial, target);
    return result;
  } catch (error) {
    removeTree(partial);
    throw fileError(error, `unpacking into ${target}`);
  }
}

/** Another process may have unpacked the same meanwhile: then its folder stays, which is whole too. */
function putInPlace(partial: string, target: string): void {
  try {
    renameSync(partial, target);
  } catch (error) {
    const errno = errnoOf(error);
    if (errno !== 'ENOTEMPTY' && errno !== 'EEXIST') throw error;
    removeTree(partial);
  }
}
