import type { BinaryFile } from './binaryFile.ts';

/** A part of the file that is loaded. Addresses are virtual, as bpftrace wants them. */
export interface Segment {
  address: number;
  offset: number;
  size: number;
  executable: boolean;
  writable: boolean;
}

/** A named section that has bytes in the file. */
export interface Section {
  name: string;
  address: number;
  offset: number;
  size: number;
}

/** What is needed of an ELF file's headers. */
export interface Elf {
  arch: 'x64' | 'arm64';
  segments: Segment[];
  notes: { offset: number; size: number }[];
  /** Empty where they were stripped too. */
  sections: Section[];
}

const MACHINES: Record<number, Elf['arch']> = { 62: 'x64', 183: 'arm64' };
const MOST_PROGRAM_HEADERS = 256;
const MOST_SECTIONS = 1024;
const [PT_LOAD, PT_NOTE, SHT_NOBITS] = [1, 4, 8];

/** Reads the headers of a 64-bit little-endian ELF file (elf(5)). Throws ProbeError for anything else. */
export async function readElf(file: BinaryFile): Promise<Elf> {
  if (file.size < 64) throw file.fault('it is too short for a program');
  const head = await file.read(0, 64);
  if (head.readUInt32BE(0) !== 0x7f454c46) throw file.fault('it is no ELF program (a script?)');
  if (head[4] !== 2 || head[5] !== 1) throw file.fault('it is no 64-bit little-endian program');
  const arch = MACHINES[head.readUInt16LE(18)];
  if (!arch) throw file.fault(`machine ${head.readUInt16LE(18)} is neither x86-64 nor arm64`);
  const count = head.readUInt16LE(56);
  if (head.readUInt16LE(54) !== 56 || count > MOST_PROGRAM_HEADERS)
    throw file.fault('its program headers make no sense');
  const table = await file.read(word(head, 32), count * 56);
  const all = Array.from({ length: count }, (_, n) => programHeader(table.subarray(n * 56)));
  return {
    arch,
    segments: all
      .filter(({ type, size }) => type === PT_LOAD && size > 0)
      .map(({ type: _, ...rest }) => rest),
    notes: all.filter(({ type }) => type === PT_NOTE),
    sections: await readSections(file, head),
  };
}

function programHeader(bytes: Buffer): Segment & { type: number } {
  const flags = bytes.readUInt32LE(4);
  return {
    type: bytes.readUInt32LE(0),
    offset: word(bytes, 8),
    address: word(bytes, 16),
    size: word(bytes, 32),
    executable: (flags & 1) !== 0,
    writable: (flags & 2) !== 0,
  };
}

// Section headers are a help and not needed to run: where they make no sense there are none.
async function readSections(file: BinaryFile, head: Buffer): Promise<Section[]> {
  const [offset, count] = [word(head, 40), head.readUInt16LE(60)];
  if (head.readUInt16LE(58) !== 64 || count > MOST_SECTIONS || offset + count * 64 > file.size) return [];
  const table = await file.read(offset, count * 64);
  const names = table.subarray(head.readUInt16LE(62) * 64);
  if (names.length < 64) return [];
  const [namesAt, namesSize] = [word(names, 24), word(names, 32)];
  if (namesSize > 1 << 20 || namesAt + namesSize > file.size) return [];
  const text = (await file.read(namesAt, namesSize)).toString('latin1');
  return Array.from({ length: count }, (_, n) => table.subarray(n * 64))
    .filter((bytes) => bytes.readUInt32LE(4) !== SHT_NOBITS)
    .map((bytes) => ({
      name: text.slice(bytes.readUInt32LE(0)).split('\0', 1)[0] ?? '',
      address: word(bytes, 16),
      offset: word(bytes, 24),
      size: word(bytes, 32),
    }))
    .filter(({ offset: at, size }) => at + size <= file.size);
}

/** A 64-bit word as a number; what is above 2^53 is no place in a file or in a program. */
export function word(bytes: Buffer, offset: number): number {
  return Number(bytes.readBigUInt64LE(offset));
}

/** Where the byte at a virtual address lies in the file; undefined when it is not loaded from there. */
export function offsetOf(elf: Elf, address: number): number | undefined {
  const segment = elf.segments.find((one) => address >= one.address && address < one.address + one.size);
  return segment && address - segment.address + segment.offset;
}
