import { createReadStream } from 'node:fs';
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileError, ImageError } from './error.ts';
import { type Descriptor, parseManifest } from './manifest.ts';
import { OCI_INDEX } from './mediaTypes.ts';
import { Store } from './store.ts';

const REF_NAME = 'org.opencontainers.image.ref.name';
const MOST_LAYOUT_BYTES = 4 * 1024 * 1024;

/** An image that an OCI image layout folder names (image-layout.md): its tag, where it has one, and what that stands for. */
export interface LayoutImage {
  tag?: string;
  target: Descriptor;
}

/** The images of a layout folder, as `skopeo copy … oci:FOLDER:TAG` writes it. Throws ImageError `bad-layout`. */
export async function readLayout(folder: string): Promise<LayoutImage[]> {
  const version = await layoutFile(folder, 'oci-layout');
  if (!/"imageLayoutVersion"\s*:\s*"1\.\d+\.\d+"/.test(version))
    throw new ImageError(
      'bad-layout',
      `${folder} is an image layout of an unknown version; only 1.x can be read`,
    );
  const index = parseManifest(Buffer.from(await layoutFile(folder, 'index.json')), OCI_INDEX);
  if (!('manifests' in index))
    throw new ImageError('bad-layout', `${join(folder, 'index.json')} is no index; write the layout again`);
  return index.manifests.map((target) => {
    const tag = target.annotations?.[REF_NAME];
    return { target, ...(tag === undefined ? {} : { tag }) };
  });
}

async function layoutFile(folder: string, name: string): Promise<string> {
  const path = join(folder, name);
  try {
    const bytes = await readFile(path);
    if (bytes.byteLength <= MOST_LAYOUT_BYTES) return bytes.toString('utf8');
  } catch (cause) {
    throw new ImageError('bad-layout', `${path} can’t be read; ${folder} is no OCI image layout`, { cause });
  }
  throw new ImageError('bad-layout', `${path} is too large for an image layout`);
}

/** Copies an image of a layout folder into a store, each digest verified; gives what its tag stands for. */
export async function importLayout(
  folder: string,
  store: Store,
  { tag, repository, as }: { tag?: string; repository: string; as?: string },
): Promise<Descriptor> {
  const images = await readLayout(folder);
  const image = tag === undefined ? images[0] : images.find((found) => found.tag === tag);
  if (!image)
    throw new ImageError(
      'unknown-image',
      `${folder} has no image ${tag ?? ''}; it has ${images.map((found) => found.tag ?? 'one without a tag').join(', ') || 'none'}`,
    );
  await copyImage(image.target, new Store(folder), store);
  await store.references.set(repository, as ?? image.tag ?? 'latest', image.target);
  return image.target;
}

/** Writes an image of a store into a layout folder, which is made if need be; other images in it stay. */
export async function exportLayout(
  target: Descriptor,
  store: Store,
  folder: string,
  tag: string,
): Promise<void> {
  try {
    await mkdir(folder, { recursive: true });
    await copyImage(target, store, new Store(folder));
    const others = (await readLayout(folder).catch(() => [])).filter((image) => image.tag !== tag);
    const { mediaType, digest, size } = target;
    const manifests = [
      ...others.map((image) => image.target),
      { mediaType, digest, size, annotations: { [REF_NAME]: tag } },
    ];
    const index = { schemaVersion: 2, mediaType: OCI_INDEX, manifests };
    await writeFile(join(folder, 'index.json'), JSON.stringify(index), { flush: true });
    await writeFile(join(folder, 'oci-layout'), '{"imageLayoutVersion":"1.0.0"}', { flush: true });
  } catch (error) {
    throw fileError(error, `writing the image layout ${folder}`);
  }
}

/** Manifest, config and layers, or all of these for an index. Parts of an index that the source lacks stay out. */
async function copyImage(target: Descriptor, from: Store, to: Store): Promise<void> {
  const manifest = parseManifest(await from.read(target.digest), target.mediaType);
  if ('manifests' in manifest)
    for (const part of manifest.manifests) {
      if ((await from.size(part.digest)) !== undefined) await copyImage(part, from, to);
    }
  else for (const blob of [manifest.config, ...manifest.layers]) await copyBlob(blob, from, to);
  await copyBlob(target, from, to);
}

async function copyBlob(blob: Descriptor, from: Store, to: Store): Promise<void> {
  await to.write(blob, async (sink) => {
    for await (const chunk of createReadStream(from.path(blob.digest), { highWaterMark: 1 << 20 }))
      await sink.write(chunk);
  });
}
