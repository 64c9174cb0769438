import { type FileHandle, open } from 'node:fs/promises';
import { ProbeError } from '../error.ts';

/** Most that is read of a file at once. */
const WINDOW = 1 << 20;

/** A program's file, read in bounded parts. What lies beyond its end is an error and never a short answer. */
export class BinaryFile {
  readonly path: string;
  readonly size: number;
  #handle: FileHandle;
  private constructor(path: string, size: number, handle: FileHandle) {
    this.path = path;
    this.size = size;
    this.#handle = handle;
  }

  /** Opens a regular file; throws ProbeError `unknown-build` where there is none that can be read. */
  static async open(path: string): Promise<BinaryFile> {
    let handle: FileHandle;
    try {
      handle = await open(path);
    } catch (cause) {
      const why = `${path} can’t be read (${(cause as NodeJS.ErrnoException).code}): look at its path and rights`;
      throw new ProbeError('unknown-build', why, { cause });
    }
    const found = await handle.stat();
    if (found.isFile()) return new BinaryFile(path, found.size, handle);
    await handle.close();
    throw new ProbeError('unknown-build', `${path} is not a file: name the program itself`);
  }

  /** `length` bytes from `offset`; at most `most`, which says how large a thing of this kind may be. */
  async read(offset: number, length: number, most = WINDOW): Promise<Buffer> {
    if (!(offset >= 0 && length >= 0 && length <= most && offset + length <= this.size))
      throw this.fault(`${length} bytes at ${offset} are not in it`);
    const bytes = Buffer.allocUnsafe(length);
    let done = 0;
    while (done < length) {
      const { bytesRead } = await this.#handle.read(bytes, done, length - done, offset + done);
      if (bytesRead === 0) throw this.fault(`it ended at ${offset + done} while it was read`);
      done += bytesRead;
    }
    return bytes;
  }

  /** A file that is no whole Go program, in words. */
  fault(why: string): ProbeError {
    return new ProbeError(
      'unknown-build',
      `${this.path} can’t be looked into: ${why}; install it anew if it should be a whole Go program`,
    );
  }

  close(): Promise<void> {
    return this.#handle.close();
  }
}

/** Reads a file forward through a window of 1 MiB, so that a hundred megabytes never lie in memory. */
export class Forward {
  #file: BinaryFile;
  #end: number;
  #start = 0;
  #bytes: Buffer = Buffer.alloc(0);
  constructor(file: BinaryFile, end: number) {
    this.#file = file;
    this.#end = Math.min(end, file.size);
  }

  /** Whether `length` bytes at `offset` are in the window. */
  has(offset: number, length: number): boolean {
    return offset >= this.#start && offset + length <= this.#start + this.#bytes.length;
  }

  /** Moves the window to begin at `offset`; at least 8 bytes are in it then. */
  async move(offset: number): Promise<void> {
    if (!(offset >= 0 && offset + 8 <= this.#end)) throw this.#file.fault('its function table is cut');
    this.#bytes = await this.#file.read(offset, Math.min(WINDOW, this.#end - offset));
    this.#start = offset;
  }

  u32(offset: number): number {
    return this.#bytes.readUInt32LE(offset - this.#start);
  }
}
