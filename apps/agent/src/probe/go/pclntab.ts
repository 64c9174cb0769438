import { type BinaryFile, Forward } from './binaryFile.ts';
import { type Elf, offsetOf, type Segment, word } from './elf.ts';

/** The header of Go's function table (runtime/symtab.go, pcHeader), with offsets counted from the table's begin. */
interface Table {
  offset: number;
  address: number;
  /** Where the bytes end that may belong to it. */
  end: number;
  functions: number;
  textStart: number;
  names: number;
  namesEnd: number;
  entries: number;
}

const HEADER = 72;
const CHUNK = 1 << 20;
const MOST_FUNCTIONS = 4_000_000;
const MOST_NAMES = 256 << 20;
const MAGICS = [0xf1, 0xf0].map((first) => Buffer.from([first, 0xff, 0xff, 0xff, 0, 0]));
const LONGEST_NAME = 2048;
/** What may stand before a name; the standard library has a vendor folder of its own. */
const VENDORED = /^(.*\/)?vendor\/$/;
/** Of runtime.moduledata: the word that says where the text begins. */
const MODULE_TEXT = 176;

/**
 * Finds functions by name in the table that the Go runtime itself needs, so stripped programs have it too. A name is also
 * found under a vendor folder. Functions that the compiler inlined or left out are not in the answer.
 */
export async function findInTable(
  file: BinaryFile,
  elf: Elf,
  names: readonly string[],
): Promise<Map<string, number>> {
  const table = await findTable(file, elf);
  if (!table) throw file.fault('it has no function table of Go 1.18 or later');
  const textStart = table.textStart || (await moduleText(file, elf, table));
  const found = new Map<string, number>();
  const vendored = new Set<string>();
  const wanted = await nameOffsets(file, table, names);
  await eachFunction(file, table, (entry, nameAt) => {
    const name = wanted.get(nameAt);
    // Its own copy of a library comes before one in a vendor folder, and the function itself before a wrapper of the same name
    // for calls from assembly: the linker puts those behind.
    if (!name || (found.has(name.wanted) && (name.vendored || !vendored.has(name.wanted)))) return;
    const address = textStart + entry;
    const inside = elf.segments.some((one) => one.executable && isIn(one, address));
    if (!inside) throw file.fault(`its function ${name.wanted} lies outside of its code`);
    found.set(name.wanted, address);
    if (name.vendored) vendored.add(name.wanted);
    else vendored.delete(name.wanted);
  });
  return found;
}

function isIn(segment: Segment, address: number): boolean {
  return address >= segment.address && address < segment.address + segment.size;
}

async function findTable(file: BinaryFile, elf: Elf): Promise<Table | undefined> {
  // Where a section is named after it, searching is spared; a position-independent Debian build has none.
  for (const section of elf.sections.filter(({ name }) => name.endsWith('.gopclntab'))) {
    const table = await tableAt(file, elf, section.offset, section.offset + section.size);
    if (table) return table;
  }
  for (const segment of elf.segments.filter(({ executable }) => !executable)) {
    const table = await searchTable(file, elf, segment);
    if (table) return table;
  }
  return undefined;
}

async function searchTable(file: BinaryFile, elf: Elf, segment: Segment): Promise<Table | undefined> {
  const end = Math.min(segment.offset + segment.size, file.size);
  for (let at = segment.offset; at < end; at += CHUNK) {
    // Chunks overlap by the magic number's length.
    const bytes = await file.read(at, Math.min(CHUNK + 8, end - at), CHUNK + 8);
    for (const magic of MAGICS) {
      for (let hit = bytes.indexOf(magic); hit >= 0; hit = bytes.indexOf(magic, hit + 1)) {
        const table = await tableAt(file, elf, at + hit, end);
        if (table) return table;
      }
    }
  }
  return undefined;
}

async function tableAt(file: BinaryFile, elf: Elf, offset: number, end: number): Promise<Table | undefined> {
  if (offset + HEADER > Math.min(end, file.size)) return undefined;
  const head = await file.read(offset, HEADER);
  const quantum = elf.arch === 'x64' ? 1 : 4;
  if (!MAGICS.some((magic) => head.subarray(0, 6).equals(magic))) return undefined;
  if (head[6] !== quantum || head[7] !== 8) return undefined;
  const [names, namesEnd, fileTable, pcTable, last] = [32, 40, 48, 56, 64].map((at) => word(head, at));
  const segment = elf.segments.find((one) => offset >= one.offset && offset < one.offset + one.size);
  if (!segment || names === undefined || namesEnd === undefined || last === undefined) return undefined;
  const functions = word(head, 8);
  const ordered = [
    HEADER - 8,
    names,
    namesEnd,
    fileTable ?? 0,
    pcTable ?? 0,
    last,
    end - offset - 8 * functions,
  ];
  if (functions < 1 || functions > MOST_FUNCTIONS) return undefined;
  if (ordered.some((value, n) => n > 0 && value < (ordered[n - 1] ?? 0))) return undefined;
  const address = offset - segment.offset + segment.address;
  return { offset, address, end, functions, textStart: word(head, 24), names, namesEnd, entries: last };
}

// Go 1.26 and later leave the header's own word empty.
async function moduleText(file: BinaryFile, elf: Elf, table: Table): Promise<number> {
  const section = elf.sections.find(({ name }) => name === '.go.module');
  const at = section?.offset ?? (await searchModule(file, elf, table));
  if (at === undefined) throw file.fault('it does not say where its code begins');
  const bytes = await file.read(at, MODULE_TEXT + 8);
  const text = word(bytes, MODULE_TEXT);
  if (offsetOf(elf, text) === undefined) throw file.fault('its code does not begin where it says');
  return text;
}

// runtime.moduledata begins with a pointer to the table.
async function searchModule(file: BinaryFile, elf: Elf, table: Table): Promise<number | undefined> {
  const pointer = Buffer.alloc(8);
  pointer.writeBigUInt64LE(BigInt(table.address));
  for (const { offset, size } of elf.segments.filter(({ writable }) => writable)) {
    const end = Math.min(offset + size, file.size);
    for (let at = offset; at < end; at += CHUNK) {
      const bytes = await file.read(at, Math.min(CHUNK + MODULE_TEXT + 8, end - at), CHUNK + MODULE_TEXT + 8);
      for (let hit = bytes.indexOf(pointer); hit >= 0; hit = bytes.indexOf(pointer, hit + 1)) {
        if (hit % 8 !== 0 || hit + MODULE_TEXT + 8 > bytes.length) continue;
        const text = word(bytes, hit + MODULE_TEXT);
        if (elf.segments.some((one) => one.executable && isIn(one, text))) return at + hit;
      }
    }
  }
  return undefined;
}

interface WantedName {
  wanted: string;
  vendored: boolean;
}

async function nameOffsets(
  file: BinaryFile,
  table: Table,
  names: readonly string[],
): Promise<Map<number, WantedName>> {
  const needles = names.map((name) => ({ wanted: name, needle: Buffer.from(`${name}\0`) }));
  const found = new Map<number, WantedName>();
  const size = table.namesEnd - table.names;
  if (size > MOST_NAMES) throw file.fault('its names take more room than any program’s');
  for (let at = 0; at < size; at += CHUNK) {
    // Each chunk begins early enough to hold the whole name that reaches into it.
    const from = Math.max(0, at - LONGEST_NAME);
    const bytes = await file.read(
      table.offset + table.names + from,
      Math.min(CHUNK + LONGEST_NAME, size - from),
      CHUNK + LONGEST_NAME,
    );
    for (const { wanted, needle } of needles) {
      for (let hit = bytes.indexOf(needle); hit >= 0; hit = bytes.indexOf(needle, hit + 1)) {
        const start = hit === 0 ? -1 : bytes.lastIndexOf(0, hit - 1);
        const prefix = bytes.toString('latin1', start + 1, hit);
        if (prefix !== '' && !VENDORED.test(prefix)) continue;
        if (start < 0 && from > 0) continue;
        found.set(from + start + 1, { wanted, vendored: prefix !== '' });
      }
    }
  }
  return found;
}

async function eachFunction(
  file: BinaryFile,
  table: Table,
  visit: (entry: number, nameAt: number) => void,
): Promise<void> {
  const base = table.offset + table.entries;
  const list = new Forward(file, table.end);
  const records = new Forward(file, table.end);
  let before = 0;
  for (let n = 0; n < table.functions; n++) {
    const at = base + 8 * n;
    if (!list.has(at, 8)) await list.move(at);
    const record = list.u32(at + 4);
    // The linker writes them in order; jumping to and fro would cost a read each.
    if (record < before) throw file.fault('its function table is out of order');
    before = record;
    if (!records.has(base + record, 8)) await records.move(base + record);
    visit(list.u32(at), records.u32(base + record + 4));
  }
}
