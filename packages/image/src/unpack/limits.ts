import { ImageError } from '../error.ts';

/** Bounds of what one layer may unpack to. */
export interface UnpackLimits {
  /** Of the uncompressed tar. */
  bytes: number;
  entries: number;
  /** Uncompressed to compressed, counted only above `ratioFreeBytes`. */
  ratio: number;
  ratioFreeBytes: number;
  /** Bytes of a whole path; Linux itself stops at 4096 (PATH_MAX). */
  pathBytes: number;
  /** Directories in a path. */
  depth: number;
}

/** Generous for real images, finite for hostile ones: gzip can’t do better than 1032 to 1, real layers stay below 20. */
export const DEFAULT_LIMITS: UnpackLimits = {
  bytes: 64 * 2 ** 30,
  entries: 750_000,
  ratio: 400,
  ratioFreeBytes: 256 * 2 ** 20,
  pathBytes: 4000,
  depth: 256,
};

/** Counts what a layer has unpacked so far and throws ImageError `limit-exceeded` when it is too much. */
export class Budget {
  readonly limits: UnpackLimits;
  entries = 0;
  /** Uncompressed bytes of the tar. */
  bytes = 0;
  compressedBytes = 0;
  constructor(limits: UnpackLimits) {
    this.limits = limits;
  }

  addEntry(): void {
    this.entries += 1;
    if (this.entries > this.limits.entries) throw exceeded(`it has more than ${this.limits.entries} entries`);
  }

  addBytes(count: number): void {
    this.bytes += count;
    const { bytes, ratio, ratioFreeBytes } = this.limits;
    if (this.bytes > bytes) throw exceeded(`it unpacks to more than ${bytes} bytes`);
    if (this.bytes > ratioFreeBytes && this.bytes > ratio * Math.max(1, this.compressedBytes))
      throw exceeded(`it unpacks to more than ${ratio} times its compressed size`);
  }

  checkPath(bytes: number, depth: number): void {
    if (bytes > this.limits.pathBytes)
      throw exceeded(`a path in it has ${bytes} bytes, more than ${this.limits.pathBytes}`);
    if (depth > this.limits.depth)
      throw exceeded(`a path in it is ${depth} folders deep, more than ${this.limits.depth}`);
  }
}

function exceeded(why: string): ImageError {
  return new ImageError(
    'limit-exceeded',
    `the layer was not unpacked further: ${why}; if you trust the image, raise that limit`,
  );
}
