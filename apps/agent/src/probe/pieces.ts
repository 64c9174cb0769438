import { ARGV_PIECE, ARGV_PIECES, PATH_INDEX, PIECE, PIECES } from './fragment.ts';
import { utf8 } from './lines.ts';

/** The strings that the probe prints in pieces before the line that they belong to, kept by thread until then. */
export class Pieces {
  #strings = new Map<number, Map<number, string[]>>();
  #argv = new Map<number, string[]>();

  /** A line `s TID INDEX PIECE:text`; false when it makes no sense. */
  string(tid: number, index: number, piece: number, text: string): boolean {
    if (!(index >= 0 && index < 64 && piece >= 0 && piece < PIECES)) return false;
    const strings = this.#strings.get(tid) ?? new Map<number, string[]>();
    this.#strings.set(tid, strings);
    // A new first piece replaces what a call left behind whose last line was lost.
    if (piece === 0) strings.set(index, [text]);
    else strings.get(index)?.push(text);
    return true;
  }

  /** A line `a TID PIECE:hex`. */
  argument(tid: number, piece: number, hex: string): boolean {
    if (!/^[0-9a-f]{2}( [0-9a-f]{2})*$/.test(hex.trim())) return false;
    if (piece === 0) this.#argv.set(tid, []);
    this.#argv.get(tid)?.push(hex.trim());
    return true;
  }

  /** Takes what has been collected for a thread. */
  take(tid: number): Map<number, string> {
    const strings = this.#strings.get(tid);
    this.#strings.delete(tid);
    return new Map([...(strings ?? [])].map(([index, pieces]) => [index, joined(pieces)]));
  }

  /** Takes the bytes that were printed for a thread in hexadecimal pieces. */
  takeBytes(tid: number): Uint8Array {
    const pieces = this.#argv.get(tid) ?? [];
    this.#argv.delete(tid);
    return Buffer.from(pieces.join(' ').replaceAll(' ', ''), 'hex');
  }

  /** Takes the arguments of a new program; `bytes` is their whole length in memory. */
  takeArguments(tid: number, bytes: number): string[] | undefined {
    const pieces = this.#argv.get(tid);
    this.#argv.delete(tid);
    if (!pieces) return undefined;
    const text = Buffer.from(pieces.join(' ').replaceAll(' ', ''), 'hex').toString('utf8');
    const words = text.replace(/\0$/, '').split('\0');
    const cut = bytes > ARGV_PIECE * ARGV_PIECES + ARGV_PIECE - 1;
    return cut ? [...words.slice(0, -1), `${words.at(-1)}…`] : words;
  }

  forget(tid: number): void {
    this.#strings.delete(tid);
    this.#argv.delete(tid);
  }
}

// What follows a piece that is not full comes from beyond the string's end.
function joined(pieces: string[]): string {
  let text = '';
  for (const [n, piece] of pieces.entries()) {
    text += piece;
    if (piece.length < PIECE) break;
    if (n === PIECES - 1) return `${utf8(text)}…`;
  }
  return utf8(text);
}

/** The path that the names from a leaf up to its filesystem's root make; undefined when there was none. */
export function pathFrom(strings: ReadonlyMap<number, string>): string | undefined {
  const names: string[] = [];
  for (let index = PATH_INDEX; strings.has(index); index++) names.unshift(strings.get(index) ?? '');
  return names.length > 0 ? `/${names.join('/')}` : undefined;
}
