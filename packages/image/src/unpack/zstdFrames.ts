const FRAME = 0xfd2fb528;
const FRAME_MAGIC = Uint8Array.of(0x28, 0xb5, 0x2f, 0xfd);
const DICTIONARY_ID_BYTES = [0, 1, 2, 4];
const CONTENT_SIZE_BYTES = [0, 2, 4, 8];

/** What the next bytes are: a header to be understood, or a body of a known length. */
type Part =
  | { kind: 'magic' | 'skip-size' | 'descriptor' | 'block'; bytes: number }
  | { kind: 'body'; bytes: number; after: 'block' | 'checksum' | 'magic' }
  | { kind: 'skipped'; bytes: number }
  | { kind: 'garbage' };

const MAGIC: Part = { kind: 'magic', bytes: 4 };

/**
 * Cuts a zstd stream into its frames (RFC 8878, section 3). Node’s decompressor drops what follows the end of a frame
 * within one piece of input, so layers of several frames (zstd:chunked, pzstd) would be cut short: no piece given back
 * here goes beyond the end of a frame. Skippable frames are left out; damage is the decompressor’s to find.
 */
export class ZstdFrames {
  #part: Part = MAGIC;
  #header: number[] = [];
  #checksum = false;

  /** The pieces to be decompressed one after the other. */
  cut(chunk: Uint8Array): Uint8Array[] {
    const pieces: Uint8Array[] = [];
    let from = 0;
    for (let at = 0; at < chunk.length; ) {
      const before = this.#part.kind;
      at += this.#take(chunk, at);
      const now = this.#part.kind;
      // A magic number is held back until it is known what it begins.
      if (before === 'magic' && (now === 'descriptor' || now === 'garbage')) {
        pieces.push(now === 'descriptor' ? FRAME_MAGIC : Uint8Array.from(this.#header.splice(0)));
        from = at;
      } else if (before === 'magic' || before === 'skip-size' || before === 'skipped') from = at;
      else if (now === 'magic' || at === chunk.length) {
        pieces.push(chunk.subarray(from, at));
        from = at;
      }
    }
    return pieces;
  }

  /** Goes through the current part as far as the chunk has it; gives the number of bytes. */
  #take(chunk: Uint8Array, at: number): number {
    const part = this.#part;
    if (part.kind === 'garbage') return chunk.length - at;
    if (part.kind === 'body' || part.kind === 'skipped') {
      const step = Math.min(part.bytes, chunk.length - at);
      this.#part = { ...part, bytes: part.bytes - step };
      if (part.bytes === step) this.#next(part.kind === 'skipped' ? 'magic' : part.after);
      return step;
    }
    this.#header.push(chunk[at] ?? 0);
    if (this.#header.length === part.bytes) this.#understand(part.kind);
    return 1;
  }

  #next(after: 'block' | 'checksum' | 'magic'): void {
    if (after === 'block') this.#part = { kind: 'block', bytes: 3 };
    else if (after === 'checksum' && this.#checksum) this.#part = { kind: 'body', bytes: 4, after: 'magic' };
    else this.#part = MAGIC;
  }

  #body(bytes: number, after: 'block' | 'checksum'): void {
    if (bytes === 0) this.#next(after);
    else this.#part = { kind: 'body', bytes, after };
  }

  #understand(kind: 'magic' | 'skip-size' | 'descriptor' | 'block'): void {
    const value = this.#header.reduce((sum, byte, index) => sum + byte * 2 ** (8 * index), 0);
    if (kind === 'magic') {
      this.#part = afterMagic(value);
      if (this.#part.kind === 'garbage') return;
    } else if (kind === 'skip-size') this.#part = value === 0 ? MAGIC : { kind: 'skipped', bytes: value };
    else if (kind === 'descriptor') this.#descriptor(value);
    else this.#body(((value >> 1) & 3) === 1 ? 1 : value >> 3, (value & 1) === 0 ? 'block' : 'checksum');
    this.#header = [];
  }

  #descriptor(value: number): void {
    const isSingle = (value & 0x20) !== 0;
    this.#checksum = (value & 0x04) !== 0;
    const contentSize = CONTENT_SIZE_BYTES[value >> 6] || (isSingle ? 1 : 0);
    this.#body((isSingle ? 0 : 1) + (DICTIONARY_ID_BYTES[value & 3] ?? 0) + contentSize, 'block');
  }
}

function afterMagic(value: number): Part {
  if (value === FRAME) return { kind: 'descriptor', bytes: 1 };
  if (value >= 0x184d2a50 && value <= 0x184d2a5f) return { kind: 'skip-size', bytes: 4 };
  return { kind: 'garbage' };
}
