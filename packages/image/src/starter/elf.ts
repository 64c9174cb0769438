import { readFileSync } from 'node:fs';

/** What the dynamic loader reads of an ELF file (elf(5)). */
export interface ElfNeeds {
  /** The loader that it asks for (PT_INTERP); none = static, or a library. */
  interpreter?: string;
  /** Names of the libraries (DT_NEEDED). */
  needed: string[];
  /** Folders to look in before the usual ones (DT_RUNPATH, or DT_RPATH). */
  runPath: string[];
  /** 32 or 64 bits, and the machine number: libraries must have the same. */
  kind: string;
}

const PT_LOAD = 1;
const PT_DYNAMIC = 2;
const PT_INTERP = 3;
const DT_NEEDED = 1n;
const DT_STRTAB = 5n;
const DT_RPATH = 15n;
const DT_RUNPATH = 29n;

interface Segment {
  type: number;
  offset: number;
  address: bigint;
  size: number;
}

/** Reads an ELF file’s needs; undefined for anything else (a script, a damaged file). */
export function readElf(path: string): ElfNeeds | undefined {
  let bytes: Buffer;
  try {
    bytes = readFileSync(path);
  } catch {
    return undefined;
  }
  if (bytes.length < 64 || bytes.readUInt32BE(0) !== 0x7f454c46) return undefined;
  try {
    return new ElfFile(bytes).needs();
  } catch (error) {
    if (error instanceof RangeError) return undefined;
    throw error;
  }
}

class ElfFile {
  readonly #bytes: Buffer;
  readonly #wide: boolean;
  readonly #little: boolean;
  constructor(bytes: Buffer) {
    this.#bytes = bytes;
    this.#wide = bytes[4] === 2;
    this.#little = bytes[5] === 1;
  }

  #u16(at: number): number {
    return this.#little ? this.#bytes.readUInt16LE(at) : this.#bytes.readUInt16BE(at);
  }
  #u32(at: number): number {
    return this.#little ? this.#bytes.readUInt32LE(at) : this.#bytes.readUInt32BE(at);
  }
  /** An address or offset: 8 bytes in 64-bit files, 4 in others. */
  #word(at: number): bigint {
    if (!this.#wide) return BigInt(this.#u32(at));
    return this.#little ? this.#bytes.readBigUInt64LE(at) : this.#bytes.readBigUInt64BE(at);
  }
  #text(at: number): string {
    const end = this.#bytes.indexOf(0, at);
    if (at < 0 || end < 0) throw new RangeError('text outside the file');
    return this.#bytes.toString('latin1', at, end);
  }

  needs(): ElfNeeds {
    const segments = this.#segments();
    const interpreter = segments.find(({ type }) => type === PT_INTERP);
    const dynamic = this.#dynamic(segments);
    const strings = dynamic.find(([tag]) => tag === DT_STRTAB)?.[1];
    const table = strings === undefined ? -1 : fileOffset(segments, strings);
    const texts = (wanted: bigint) =>
      dynamic.filter(([tag]) => tag === wanted).map(([, value]) => this.#text(table + Number(value)));
    const runPath = texts(DT_RUNPATH);
    return {
      ...(interpreter ? { interpreter: this.#text(interpreter.offset) } : {}),
      needed: texts(DT_NEEDED),
      runPath: (runPath.length > 0 ? runPath : texts(DT_RPATH)).flatMap((path) => path.split(':')),
      kind: `${this.#wide ? 64 : 32}/${this.#little ? 'le' : 'be'}/${this.#u16(18)}`,
    };
  }

  #segments(): Segment[] {
    const start = Number(this.#word(this.#wide ? 32 : 28));
    const size = this.#u16(this.#wide ? 54 : 42);
    const count = this.#u16(this.#wide ? 56 : 44);
    return Array.from({ length: count }, (_, index) => {
      const at = start + index * size;
      return {
        type: this.#u32(at),
        offset: Number(this.#word(at + (this.#wide ? 8 : 4))),
        address: this.#word(at + (this.#wide ? 16 : 8)),
        size: Number(this.#word(at + (this.#wide ? 32 : 16))),
      };
    });
  }

  #dynamic(segments: Segment[]): [bigint, bigint][] {
    const segment = segments.find(({ type }) => type === PT_DYNAMIC);
    if (!segment) return [];
    const step = this.#wide ? 16 : 8;
    const entries: [bigint, bigint][] = [];
    for (let at = segment.offset; at < segment.offset + segment.size; at += step) {
      const tag = this.#word(at);
      if (tag === 0n) break;
      entries.push([tag, this.#word(at + step / 2)]);
    }
    return entries;
  }
}

function fileOffset(segments: Segment[], address: bigint): number {
  const segment = segments.find(
    (part) => part.type === PT_LOAD && address >= part.address && address < part.address + BigInt(part.size),
  );
  if (!segment) throw new RangeError('address outside the file');
  return segment.offset + Number(address - segment.address);
}
