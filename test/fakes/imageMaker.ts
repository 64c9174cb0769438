import { gzipSync, zstdCompressSync } from 'node:zlib';
import {
  type Compression,
  type Descriptor,
  digestOf,
  hostPlatform,
  OCI_CONFIG,
  OCI_LAYER,
  OCI_MANIFEST,
  type Store,
} from '@underdock/image';
import tar from 'tar-stream';

/** One entry of a hand-made tar. */
export interface MadeEntry {
  name: string;
  type?: 'file' | 'link' | 'symlink' | 'directory' | 'fifo' | 'character-device' | 'block-device';
  content?: string | Uint8Array;
  linkname?: string;
  mode?: number;
  uid?: number;
  gid?: number;
  /** Seconds. */
  mtime?: number;
  devmajor?: number;
  devminor?: number;
  pax?: Record<string, string>;
}

/** A tar of exactly these entries, in this order: no parents are added, nothing is checked. */
export async function makeTar(entries: MadeEntry[]): Promise<Buffer> {
  const pack = tar.pack();
  const chunks: Uint8Array[] = [];
  const done = (async () => {
    for await (const chunk of pack) chunks.push(chunk as Uint8Array);
  })();
  for (const { content, mtime, ...entry } of entries) {
    const header = {
      mode: entry.type === 'directory' ? 0o755 : 0o644,
      uid: process.getuid?.() ?? 0,
      gid: process.getgid?.() ?? 0,
      mtime: new Date((mtime ?? 1_700_000_000) * 1000),
      type: 'file' as const,
      ...entry,
    };
    if (header.type === 'file') pack.entry(header, (content ?? '') as string);
    else pack.entry(header);
  }
  pack.finalize();
  await done;
  return Buffer.concat(chunks);
}

/** Compresses as a layer would be. */
export function compress(bytes: Uint8Array, compression: Compression): Buffer {
  if (compression === 'gzip') return gzipSync(bytes, { level: 1 });
  return compression === 'zstd' ? zstdCompressSync(bytes) : Buffer.from(bytes);
}

/** A layer as it comes: a tar, and how it is to be packed. */
export interface MadeLayer {
  tar: Uint8Array;
  compression?: Compression;
}

/** Puts an image of these layers into a store under a name; gives its manifest’s descriptor. */
export async function makeImage(
  store: Store,
  repository: string,
  tag: string,
  layers: MadeLayer[],
): Promise<Descriptor> {
  const descriptors: Descriptor[] = [];
  for (const { tar: bytes, compression = 'gzip' } of layers) {
    const suffix = compression === 'none' ? '' : `+${compression}`;
    descriptors.push({ mediaType: OCI_LAYER + suffix, ...(await store.put(compress(bytes, compression))) });
  }
  const config = await store.put(
    JSON.stringify({
      ...hostPlatform(),
      config: { Cmd: ['/bin/sh'] },
      rootfs: { type: 'layers', diff_ids: layers.map((layer) => digestOf(layer.tar)) },
      history: layers.map((_, index) => ({ created_by: `layer ${index}` })),
    }),
  );
  const manifest = await store.put(
    JSON.stringify({
      schemaVersion: 2,
      mediaType: OCI_MANIFEST,
      config: { mediaType: OCI_CONFIG, ...config },
      layers: descriptors,
    }),
  );
  const target = { mediaType: OCI_MANIFEST, ...manifest };
  await store.references.set(repository, tag, target);
  return target;
}
