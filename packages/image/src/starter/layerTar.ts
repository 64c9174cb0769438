import { readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { constants, gzipSync, zstdCompressSync } from 'node:zlib';
import tar from 'tar-stream';
import { digestOf } from '../digest.ts';
import type { Descriptor } from '../manifest.ts';
import { type Compression, OCI_LAYER } from '../mediaTypes.ts';
import type { Store } from '../store.ts';

/** Something to put into a layer; paths without a leading slash. */
export type LayerItem =
  | { type: 'directory'; path: string; mode?: number }
  | { type: 'file'; path: string; content: string | Buffer; mode?: number }
  | { type: 'host-file'; path: string; source: string; mode?: number }
  | { type: 'symlink' | 'link'; path: string; target: string };

/** Writes layers whose bytes depend on their content alone: one time for all entries, root as owner, sorted names. */
export class LayerTar {
  readonly #items = new Map<string, LayerItem>();
  readonly #mtime: Date;
  constructor(mtime: Date) {
    this.#mtime = mtime;
  }

  has(path: string): boolean {
    return this.#items.has(path);
  }

  /** Where a symbolic link of this layer leads, seen from the root; undefined if there is no such link. */
  linkTarget(path: string): string | undefined {
    const item = this.#items.get(path);
    return item?.type === 'symlink' ? join(dirname(path), item.target) : undefined;
  }

  /** The host's files that go into it. */
  get sources(): string[] {
    return [...this.#items.values()].flatMap((item) => (item.type === 'host-file' ? [item.source] : []));
  }

  /** Adds an item and the folders that lead to it; the first one of a path stays. */
  add(item: LayerItem): void {
    const folders = item.path.split('/').slice(0, -1);
    for (let depth = 1; depth <= folders.length; depth += 1) {
      const path = folders.slice(0, depth).join('/');
      if (!this.#items.has(path)) this.#items.set(path, { type: 'directory', path });
    }
    if (!this.#items.has(item.path)) this.#items.set(item.path, item);
  }

  /** The tar. Links come after everything else, so that a hard link’s target is there. */
  async bytes(): Promise<Buffer> {
    const rank = ({ type }: LayerItem) => (type === 'link' ? 1 : 0);
    const items = [...this.#items.values()].sort(
      (a, b) => rank(a) - rank(b) || (a.path < b.path ? -1 : a.path > b.path ? 1 : 0),
    );
    const pack = tar.pack();
    const chunks: Uint8Array[] = [];
    const done = (async () => {
      for await (const chunk of pack) chunks.push(chunk as Uint8Array);
    })();
    for (const item of items) this.#write(pack, item);
    pack.finalize();
    await done;
    return Buffer.concat(chunks);
  }

  #write(pack: tar.Pack, item: LayerItem): void {
    const common = { name: item.path, mtime: this.#mtime, uid: 0, gid: 0 };
    if (item.type === 'directory') pack.entry({ ...common, type: 'directory', mode: item.mode ?? 0o755 });
    else if ('target' in item)
      pack.entry({
        ...common,
        type: item.type,
        linkname: item.target,
        mode: item.type === 'link' ? 0o755 : 0o777,
      });
    else {
      const content = item.type === 'file' ? item.content : readFileSync(item.source);
      pack.entry({ ...common, type: 'file', mode: item.mode ?? 0o644 }, content);
    }
  }
}

/** Compresses a tar and keeps it: its descriptor, and the diffId that it has to have again when unpacked. */
export async function storeLayer(
  bytes: Buffer,
  compression: Compression,
  store: Store,
): Promise<{ descriptor: Descriptor; diffId: string }> {
  const packed =
    compression === 'gzip'
      ? gzipSync(bytes, { level: 6 })
      : compression === 'zstd'
        ? zstdCompressSync(bytes, { params: { [constants.ZSTD_c_checksumFlag]: 1 } })
        : bytes;
  const blob = await store.put(packed);
  const suffix = compression === 'none' ? '' : `+${compression}`;
  return { descriptor: { mediaType: OCI_LAYER + suffix, ...blob }, diffId: digestOf(bytes) };
}
