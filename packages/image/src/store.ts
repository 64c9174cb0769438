import { randomBytes } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { type FileHandle, mkdir, open, readdir, readFile, rename, rm, stat } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { Digester, digestOf, splitDigest } from './digest.ts';
import { errnoOf, fileError, ImageError } from './error.ts';
import type { Descriptor } from './manifest.ts';
import { References } from './references.ts';

/** Where a blob is being written to; the store computes its digest and length on the way. */
export interface BlobSink {
  readonly bytes: number;
  write(chunk: Uint8Array): Promise<void>;
  /** Forgets what was written, to begin again. */
  restart(): Promise<void>;
}

/** Fills a sink with a blob; called at most once per blob at a time. */
export type BlobSource = (sink: BlobSink, signal: AbortSignal) => Promise<void>;

/** What a pull needs of whoever keeps the image: this store, or a daemon’s. */
export interface BlobStore extends Pick<Store, 'size' | 'read' | 'write'> {
  readonly references: Pick<References, 'get' | 'set'>;
}

interface Filling {
  done: Promise<{ cached: boolean }>;
  waiters: number;
  stop: AbortController;
}

/**
 * Content on disk by digest, laid out as an OCI image layout’s blobs folder. A blob appears under its name only when
 * it is whole, verified and synced; a blob that two pulls want at the same time is fetched once.
 */
export class Store {
  readonly root: string;
  readonly references: References;
  readonly #filling = new Map<string, Filling>();
  constructor(root: string) {
    this.root = root;
    this.references = new References(join(root, 'references'));
  }

  /** Path of a blob, whether it is there or not. */
  path(digest: string): string {
    const { algorithm, hex } = splitDigest(digest);
    return join(this.root, 'blobs', algorithm, hex);
  }

  /** Whether a blob is here: by its size, or with `full` by computing its digest again. A damaged one is removed. */
  async has({ digest, size }: Pick<Descriptor, 'digest' | 'size'>, full = false): Promise<boolean> {
    const path = this.path(digest);
    const found = await stat(path).catch(() => undefined);
    if (!found?.isFile()) return false;
    if (found.size === size && (!full || (await this.#verify(digest)))) return true;
    await rm(path, { force: true });
    return false;
  }

  /** Size of a blob, or undefined when it isn’t here. */
  async size(digest: string): Promise<number | undefined> {
    const found = await stat(this.path(digest)).catch(() => undefined);
    return found?.isFile() ? found.size : undefined;
  }

  /** A whole small blob, verified. Throws ImageError `digest-mismatch` when the disk has damaged it. */
  async read(digest: string): Promise<Uint8Array> {
    const bytes = await readFile(this.path(digest)).catch((error: unknown) => {
      throw fileError(error, `reading the blob ${digest}`);
    });
    const digester = new Digester(digest);
    digester.update(bytes);
    if (digester.digest() === digest) return bytes;
    await rm(this.path(digest), { force: true });
    throw new ImageError(
      'digest-mismatch',
      `the stored blob ${digest} was damaged and is removed; pull again`,
    );
  }

  /** Keeps some bytes; gives their digest. */
  async put(bytes: Uint8Array | string): Promise<{ digest: string; size: number }> {
    const data = typeof bytes === 'string' ? Buffer.from(bytes) : bytes;
    const blob = { digest: digestOf(data), size: data.byteLength };
    await this.write(blob, (sink) => sink.write(data));
    return blob;
  }

  /**
   * Makes sure that a blob is here: `source` is called unless it is already (`cached`). Whoever asks for it meanwhile
   * waits for the same one. Rejects with ImageError `digest-mismatch`, `size-mismatch`, `truncated`, `disk-full`, or
   * what the source threw; then nothing is left behind.
   */
  async write(
    blob: Pick<Descriptor, 'digest' | 'size'>,
    source: BlobSource,
    options: { signal?: AbortSignal; full?: boolean } = {},
  ): Promise<{ cached: boolean }> {
    options.signal?.throwIfAborted();
    let filling = this.#filling.get(blob.digest);
    const shared = filling !== undefined;
    if (!filling) {
      const stop = new AbortController();
      const done = this.#fill(blob, source, stop.signal, options.full ?? false);
      filling = { done, waiters: 0, stop };
      this.#filling.set(blob.digest, filling);
      const forget = () => this.#filling.delete(blob.digest);
      done.then(forget, forget);
    }
    const result = await wait(filling, options.signal);
    return { cached: result.cached || shared };
  }

  async #fill(
    blob: Pick<Descriptor, 'digest' | 'size'>,
    source: BlobSource,
    signal: AbortSignal,
    full: boolean,
  ): Promise<{ cached: boolean }> {
    if (await this.has(blob, full)) return { cached: true };
    const path = this.path(blob.digest);
    const partial = `${path}.${process.pid}.${randomBytes(6).toString('hex')}.partial`;
    try {
      await mkdir(dirname(path), { recursive: true });
      const sink = new FileSink(await open(partial, 'wx', 0o644), blob);
      try {
        await source(sink, signal);
        await sink.finish();
      } finally {
        await sink.close();
      }
      signal.throwIfAborted();
      await rename(partial, path);
      return { cached: false };
    } catch (error) {
      await rm(partial, { force: true });
      throw fileError(error, `writing the blob ${blob.digest}`);
    }
  }

  async #verify(digest: string): Promise<boolean> {
    const digester = new Digester(digest);
    for await (const chunk of createReadStream(this.path(digest), { highWaterMark: 1 << 20 }))
      digester.update(chunk);
    return digester.digest() === digest;
  }

  /** Digests of all blobs that are here. */
  async list(): Promise<string[]> {
    const found: string[] = [];
    for (const algorithm of await names(join(this.root, 'blobs')))
      for (const hex of await names(join(this.root, 'blobs', algorithm)))
        if (/^[a-f0-9]+$/.test(hex)) found.push(`${algorithm}:${hex}`);
    return found;
  }

  /** Removes a blob; fine if it isn’t here. */
  async remove(digest: string): Promise<void> {
    await rm(this.path(digest), { force: true });
  }

  /** Removes what processes that are gone (killed in mid-pull) left unfinished; gives the names. */
  async sweep(): Promise<string[]> {
    const removed: string[] = [];
    for (const algorithm of await names(join(this.root, 'blobs')))
      for (const name of await names(join(this.root, 'blobs', algorithm))) {
        const pid = /\.(\d+)\.[0-9a-f]+\.partial$/.exec(name)?.[1];
        if (pid === undefined || isAlive(Number(pid))) continue;
        await rm(join(this.root, 'blobs', algorithm, name), { force: true });
        removed.push(name);
      }
    return removed;
  }
}

async function names(folder: string): Promise<string[]> {
  return readdir(folder).catch(() => []);
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return errnoOf(error) === 'EPERM';
  }
}

/** Waits for a blob that is being written; the write itself is given up when nobody waits any more. */
async function wait(filling: Filling, signal: AbortSignal | undefined): Promise<{ cached: boolean }> {
  filling.waiters += 1;
  let leave = () => {};
  const left = new Promise<never>((_, reject) => {
    leave = () => {
      reject(signal?.reason);
      filling.waiters -= 1;
      if (filling.waiters === 0) filling.stop.abort(signal?.reason);
    };
    signal?.addEventListener('abort', leave, { once: true });
  });
  try {
    return await Promise.race([filling.done, left]);
  } catch (error) {
    // The one who leaves last waits until nothing half-written is left.
    if (signal?.aborted && filling.waiters === 0) await filling.done.catch(() => {});
    throw error;
  } finally {
    signal?.removeEventListener('abort', leave);
  }
}

class FileSink implements BlobSink {
  readonly #file: FileHandle;
  readonly #blob: Pick<Descriptor, 'digest' | 'size'>;
  #digester: Digester;
  #closed = false;
  constructor(file: FileHandle, blob: Pick<Descriptor, 'digest' | 'size'>) {
    this.#file = file;
    this.#blob = blob;
    this.#digester = new Digester(blob.digest);
  }
  get bytes(): number {
    return this.#digester.bytes;
  }
  async write(chunk: Uint8Array): Promise<void> {
    const at = this.bytes;
    if (at + chunk.byteLength > this.#blob.size)
      throw new ImageError(
        'size-mismatch',
        `${this.#blob.digest} is longer than the ${this.#blob.size} bytes that the manifest says; the registry’s copy is not the image’s, pull from another or push it again`,
      );
    this.#digester.update(chunk);
    let done = 0;
    while (done < chunk.byteLength)
      done += (await this.#file.write(chunk, done, chunk.byteLength - done, at + done)).bytesWritten;
  }
  async restart(): Promise<void> {
    await this.#file.truncate(0);
    this.#digester = new Digester(this.#blob.digest);
  }
  /** Verifies and syncs. */
  async finish(): Promise<void> {
    const { digest, size } = this.#blob;
    if (this.bytes < size)
      throw new ImageError(
        'truncated',
        `${digest} ended after ${this.bytes} of ${size} bytes; try again, and if it stays so push the image again`,
      );
    const computed = this.#digester.digest();
    if (computed !== digest)
      throw new ImageError(
        'digest-mismatch',
        `the content fetched as ${digest} has the digest ${computed}; it was damaged or changed on the way or in the registry, nothing of it is kept`,
      );
    await this.#file.datasync();
  }
  async close(): Promise<void> {
    if (this.#closed) return;
    this.#closed = true;
    await this.#file.close();
  }
}
