import type { BinaryFile } from './binaryFile.ts';
import type { Elf } from './elf.ts';

/** What a Go program says of itself. */
export interface GoBuild {
  /** `go1.19.8`; undefined where it does not say. */
  goVersion?: string;
  /** The version of each module in it, by path; empty where it was built without modules, as Debian does. */
  modules: ReadonlyMap<string, string>;
  /** The GNU build id in hexadecimal, else Go's own; undefined where it has none. */
  buildId?: string;
}

const MAGIC = Buffer.from('\xff Go buildinf:', 'latin1');
const HEADER = 32;
const CHUNK = 1 << 20;
const MOST_SEARCHED = 64 << 20;
const LONGEST_VERSION = 256;
const LONGEST_MODULES = 1 << 20;
const MOST_NOTES = 64 << 10;
/** Go marks begin and end of the modules' list with 16 bytes each. */
const MARK = 16;
const INLINE_STRINGS = 2;

/** Reads version, modules and build id (debug/buildinfo). What can't be read is absent: nothing depends on it alone. */
export async function readBuild(file: BinaryFile, elf: Elf): Promise<GoBuild> {
  const buildId = await readBuildId(file, elf);
  const at = await findInfo(file, elf);
  const info = at === undefined ? { modules: new Map<string, string>() } : await infoAt(file, at);
  return { ...info, ...(buildId ? { buildId } : {}) };
}

async function findInfo(file: BinaryFile, elf: Elf): Promise<number | undefined> {
  const section = elf.sections.find(({ name }) => name === '.go.buildinfo');
  if (section && (await isInfo(file, section.offset))) return section.offset;
  for (const { offset, size } of elf.segments.filter(({ writable }) => writable)) {
    const end = Math.min(offset + Math.min(size, MOST_SEARCHED), file.size);
    for (let from = offset; from < end; from += CHUNK) {
      const bytes = await file.read(from, Math.min(CHUNK + HEADER, end - from), CHUNK + HEADER);
      for (let hit = bytes.indexOf(MAGIC); hit >= 0; hit = bytes.indexOf(MAGIC, hit + 1))
        if ((from + hit) % 16 === 0 && (await isInfo(file, from + hit))) return from + hit;
    }
  }
  return undefined;
}

async function isInfo(file: BinaryFile, offset: number): Promise<boolean> {
  if (offset + HEADER > file.size) return false;
  const head = await file.read(offset, HEADER);
  return head.subarray(0, MAGIC.length).equals(MAGIC) && ((head[15] ?? 0) & INLINE_STRINGS) !== 0;
}

async function infoAt(file: BinaryFile, offset: number): Promise<Omit<GoBuild, 'buildId'>> {
  const version = await stringAt(file, offset + HEADER, LONGEST_VERSION);
  const modules = version && (await stringAt(file, version.end, LONGEST_MODULES));
  const goVersion = version?.text.split(' ', 1)[0];
  return { modules: modulesOf(modules?.text ?? ''), ...(goVersion ? { goVersion } : {}) };
}

// A length as a varint, then the bytes.
async function stringAt(
  file: BinaryFile,
  offset: number,
  most: number,
): Promise<{ text: string; end: number } | undefined> {
  if (offset >= file.size) return undefined;
  const head = await file.read(offset, Math.min(4, file.size - offset));
  let length = 0;
  for (let n = 0; n < head.length; n++) {
    const byte = head[n] ?? 0;
    length += (byte & 0x7f) * 2 ** (7 * n);
    if (byte >= 0x80) continue;
    const start = offset + n + 1;
    if (length > most || start + length > file.size) return undefined;
    return { text: (await file.read(start, length)).toString('latin1'), end: start + length };
  }
  return undefined;
}

/** The lines `dep PATH VERSION SUM` and `mod …`; `=>` replaces the module in the line before it. */
function modulesOf(marked: string): Map<string, string> {
  const modules = new Map<string, string>();
  let last = '';
  for (const line of marked.slice(MARK, -MARK).split('\n')) {
    const [kind, path = '', version = ''] = line.split('\t');
    if (kind === 'dep' || kind === 'mod') last = path;
    if (kind === 'dep' || kind === 'mod' || (kind === '=>' && version)) modules.set(last, version);
  }
  return modules;
}

async function readBuildId(file: BinaryFile, elf: Elf): Promise<string | undefined> {
  const ids = new Map<string, string>();
  for (const { offset, size } of elf.notes) {
    if (size > MOST_NOTES || offset + size > file.size) continue;
    const bytes = await file.read(offset, size);
    for (let at = 0; at + 12 <= bytes.length; ) {
      const [nameSize, size, type] = [
        bytes.readUInt32LE(at),
        bytes.readUInt32LE(at + 4),
        bytes.readUInt32LE(at + 8),
      ];
      const start = at + 12 + aligned(nameSize);
      if (nameSize > 16 || start + size > bytes.length) break;
      const owner = bytes.toString('latin1', at + 12, at + 12 + nameSize).replaceAll('\0', '');
      if (owner === 'GNU' && type === 3) ids.set('gnu', bytes.toString('hex', start, start + size));
      if (owner === 'Go' && type === 4) ids.set('go', bytes.toString('latin1', start, start + size));
      at = start + aligned(size);
    }
  }
  return ids.get('gnu') ?? ids.get('go');
}

function aligned(size: number): number {
  return Math.ceil(size / 4) * 4;
}
