import { once } from 'node:events';
import type { Readable } from 'node:stream';
import type tar from 'tar-stream';
import { Digester } from '../digest.ts';
import { fileError, ImageError } from '../error.ts';
import { atMostEvery, type ImageAct, type ImageObserver, SILENT } from '../observer.ts';
import { readDecompressed } from './decompress.ts';
import type { KernelCalls } from './kernelCalls.ts';
import { type LayerCounts, LayerWriter } from './layerWriter.ts';
import { Budget, DEFAULT_LIMITS, type UnpackLimits } from './limits.ts';
import { Lowers } from './lowers.ts';
import { rootString, splitName } from './paths.ts';
import { type Skipped, SkippedList } from './skipped.ts';
import { corrupt, openTar, readHeader } from './tarStream.ts';
import { Tree } from './tree.ts';
import { opaqueAttribute, type UnpackStyle } from './whiteouts.ts';

/** The content of one entry, as tar-stream gives it. */
type Body = tar.Extract extends AsyncIterable<infer Source> ? Source : never;

/** A layer to unpack: its blob on disk and what it must turn out to be. */
export interface LayerBlob {
  path: string;
  index: number;
  digest: string;
  diffId: string;
}

export interface UnpackOptions {
  style: UnpackStyle;
  /** For an overlay layer: the unpacked layers below it, nearest first. Folders that it only passes through are made like theirs. */
  lowers?: readonly string[];
  calls?: KernelCalls;
  limits?: Partial<UnpackLimits>;
  /** Make device nodes where permitted (as docker does) or leave them out. */
  devices?: boolean;
  observer?: ImageObserver;
  parent?: ImageAct;
  signal?: AbortSignal;
  /** Longest time between two turns of the event loop, in ms. */
  yieldMs?: number;
}

/** What a layer turned out to hold. */
export interface UnpackedLayer extends LayerCounts {
  skipped: Skipped[];
}

/**
 * Unpacks a layer into an existing folder and verifies digest and diffId of what was read. Nothing outside the folder
 * is touched whatever the layer says. Rejects with ImageError (`corrupt-layer`, `digest-mismatch`, `unsafe-entry`,
 * `unsupported-entry`, `limit-exceeded`, `disk-full`, …) or the signal’s reason; the folder then holds a part, which is
 * the caller’s to remove (unpackLayerFolder and unpackTree do).
 */
export async function unpackLayer(
  layer: LayerBlob,
  target: string,
  options: UnpackOptions,
): Promise<UnpackedLayer> {
  const observer = options.observer ?? SILENT;
  const { index, digest, diffId } = layer;
  const unpacking = observer.begin('unpack-layer', { index, digest, diffId }, options.parent);
  const verifying = observer.begin('verify-layer', { index, digest, diffId }, options.parent);
  let verified = false;
  const run = new Unpacking(layer, target, options);
  run.onProgress = atMostEvery(100, () =>
    unpacking.progress({ bytes: run.budget.bytes, entries: run.writer.counts.entries }),
  );
  try {
    const computed = await run.stream();
    verifying.end(computed);
    verified = true;
    const result = run.finish();
    unpacking.end({ ...result });
    return result;
  } catch (error) {
    run.writer.abandon();
    const fault = options.signal?.aborted
      ? options.signal.reason
      : fileError(error, `unpacking the layer ${digest}`);
    if (!verified) verifying.fail(fault);
    unpacking.fail(fault, { entries: run.writer.counts.entries });
    throw fault;
  }
}

class Unpacking {
  readonly budget: Budget;
  readonly writer: LayerWriter;
  readonly #layer: LayerBlob;
  readonly #signal: AbortSignal | undefined;
  readonly #skipped = new SkippedList();
  readonly #yieldMs: number;
  #yieldedAt = 0;
  #depth = 0;
  onProgress: () => void = () => {};

  constructor(layer: LayerBlob, target: string, options: UnpackOptions) {
    const { style, calls = {} } = options;
    this.#layer = layer;
    this.#signal = options.signal;
    this.#yieldMs = options.yieldMs ?? 15;
    this.budget = new Budget({ ...DEFAULT_LIMITS, ...options.limits });
    const lowers =
      style.kind === 'overlay'
        ? new Lowers((options.lowers ?? []).map(rootString), calls, opaqueAttribute(style.attributes))
        : undefined;
    const tree = new Tree(rootString(target), calls, this.#skipped, lowers);
    // What stands at the bottom of the overlay is the topmost layer’s root folder.
    if (style.kind === 'overlay' && options.lowers?.[0] !== undefined)
      tree.likeFolder('', rootString(options.lowers[0]));
    this.writer = new LayerWriter(tree, style, calls, this.#skipped, { devices: options.devices ?? true });
  }

  /** Reads the blob to its end and makes its entries; gives the digests that were computed on the way. */
  async stream(): Promise<{ digest: string; diffId: string }> {
    const { path, digest, diffId } = this.#layer;
    const compressed = new Digester(digest);
    const uncompressed = new Digester(diffId);
    const content = readDecompressed(
      path,
      (chunk) => {
        compressed.update(chunk);
        this.budget.compressedBytes = compressed.bytes;
      },
      this.#signal,
    );
    const extract = openTar();
    try {
      await this.#feed(content, uncompressed, extract);
    } finally {
      content.destroy();
      extract.destroy();
    }
    const computed = { digest: compressed.digest(), diffId: uncompressed.digest() };
    requireSame('digest', digest, computed.digest);
    requireSame('diffId', diffId, computed.diffId);
    return computed;
  }

  finish(): UnpackedLayer {
    this.writer.finish();
    return { ...this.writer.counts, skipped: this.#skipped.list() };
  }

  async #feed(content: Readable, digester: Digester, extract: tar.Extract): Promise<void> {
    let failure: unknown;
    const closed = new Promise<void>((resolve) => extract.once('close', resolve));
    extract.on('error', (error) => {
      failure ??= error instanceof ImageError || 'syscall' in error ? error : corrupt(error.message, error);
    });
    extract.on('entry', (header, body, next) => this.#entry(header, body, next, extract));
    try {
      for await (const chunk of content) {
        digester.update(chunk);
        this.budget.addBytes(chunk.byteLength);
        this.onProgress();
        if (!extract.write(chunk)) await Promise.race([once(extract, 'drain'), closed]);
        if (failure !== undefined) break;
      }
    } catch (error) {
      throw failure ?? asCorrupt(error);
    }
    if (failure === undefined) {
      extract.end(null);
      await closed;
    }
    if (failure !== undefined) throw failure;
  }

  #entry(header: tar.Header, body: Body, next: () => void, extract: tar.Extract): void {
    // An extractor that is destroyed destroys the body with the same error, which is told by the extractor.
    body.on('error', () => {});
    try {
      this.budget.addEntry();
      const entry = readHeader(header);
      const parts = splitName(entry.name);
      this.budget.checkPath(entry.name.length, parts.length);
      const file = this.writer.begin(entry, parts);
      if (entry.size === 0 || entry.type === 'directory') {
        file?.end();
        this.#next(next);
        return;
      }
      this.#content(file, body, next, extract);
    } catch (error) {
      extract.destroy(error as Error);
    }
  }

  #content(file: ReturnType<LayerWriter['begin']>, body: Body, next: () => void, extract: tar.Extract): void {
    body.on('data', (chunk) => {
      try {
        file?.write(chunk as Uint8Array);
      } catch (error) {
        extract.destroy(error as Error);
      }
    });
    body.on('end', () => {
      try {
        file?.end();
        this.#next(next);
      } catch (error) {
        extract.destroy(error as Error);
      }
    });
  }

  /** Goes on at once, but lets the event loop turn now and then; and entries without content must not pile up the stack. */
  #next(next: () => void): void {
    const at = performance.now();
    this.#depth += 1;
    if (this.#depth < 50 && at - this.#yieldedAt < this.#yieldMs) {
      next();
      return;
    }
    this.#depth = 0;
    setImmediate(() => {
      this.#yieldedAt = performance.now();
      next();
    });
  }
}

function asCorrupt(error: unknown): unknown {
  const code = (error as { code?: unknown }).code;
  const isZlib = typeof code === 'string' && /^(Z_|ERR_ZLIB|ZSTD_|ERR_ZSTD)/.test(code);
  return isZlib ? corrupt(`it can’t be uncompressed (${(error as Error).message})`, error) : error;
}

function requireSame(what: 'digest' | 'diffId', wanted: string, computed: string): void {
  if (wanted === computed) return;
  throw new ImageError(
    'digest-mismatch',
    what === 'digest'
      ? `the layer’s blob ${wanted} has the digest ${computed}: it was damaged on disk; pull the image again`
      : `the layer’s content has the diffId ${computed}, the image’s config says ${wanted}; manifest and config don’t belong together, have the image built again`,
  );
}
