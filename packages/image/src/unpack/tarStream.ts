import tar from 'tar-stream';
import { ImageError } from '../error.ts';

/** One entry of a tar. Names are byte strings: one character (0-255) for each byte, as a Linux path has no encoding. */
export interface TarEntry {
  name: string;
  type: 'file' | 'link' | 'symlink' | 'directory' | 'fifo' | 'character-device' | 'block-device';
  linkname: string;
  mode: number;
  uid: number;
  gid: number;
  size: number;
  mtimeSeconds: number;
  mtimeNanoseconds: number;
  devmajor: number;
  devminor: number;
  /** Extended attributes: name to value, both byte strings. */
  xattrs: [string, string][];
}

const TYPES = new Set(['file', 'link', 'symlink', 'directory', 'fifo', 'character-device', 'block-device']);
const XATTR = 'SCHILY.xattr.';

/** The part of tar-stream’s Extract that its types don’t show. */
interface ExtractInside {
  _header: { type: string };
  _gnuLongPath: string | null;
  _gnuLongLinkPath: string | null;
  _pax: Record<string, string> | null;
  _paxGlobal: Record<string, string> | null;
  _decodeLongHeader(bytes: Uint8Array): void;
}

/**
 * tar-stream’s extractor, made byte-exact: it decodes PAX records as UTF-8, which destroys binary attribute values
 * (security.capability) and names in other encodings, so PAX records are read here, one character a byte.
 */
export function openTar(): tar.Extract {
  const extract = tar.extract({ filenameEncoding: 'latin1', allowUnknownFormat: true } as object);
  const inside = extract as unknown as ExtractInside;
  if (typeof inside._decodeLongHeader !== 'function')
    throw new Error(
      'this version of tar-stream has no _decodeLongHeader; use the one that the lockfile names',
    );
  inside._decodeLongHeader = function decodeLongHeader(this: ExtractInside, bytes) {
    const type = this._header.type;
    if (type === 'gnu-long-path') this._gnuLongPath = untilNul(bytes);
    else if (type === 'gnu-long-link-path') this._gnuLongLinkPath = untilNul(bytes);
    else if (type === 'pax-global-header') this._paxGlobal = readPax(bytes);
    else this._pax = { ...this._paxGlobal, ...readPax(bytes) };
  };
  return extract;
}

function untilNul(bytes: Uint8Array): string {
  const text = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('latin1');
  const end = text.indexOf('\0');
  return end < 0 ? text : text.slice(0, end);
}

/** PAX records: `LENGTH KEY=VALUE\n`, the length counting all of it (pax(1), "Extended Header"). */
function readPax(bytes: Uint8Array): Record<string, string> {
  const text = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('latin1');
  const records: Record<string, string> = Object.create(null);
  for (let at = 0; at < text.length && text[at] !== '\0'; ) {
    const space = text.indexOf(' ', at);
    const length = Number(text.slice(at, space));
    const end = at + length;
    const equals = text.indexOf('=', space);
    if (
      space < 0 ||
      !(length > space - at + 2) ||
      end > text.length ||
      equals < 0 ||
      equals >= end ||
      text[end - 1] !== '\n'
    )
      throw corrupt('a PAX header in it can’t be read');
    records[text.slice(space + 1, equals)] = text.slice(equals + 1, end - 1);
    at = end;
  }
  return records;
}

/** Makes an entry of tar-stream’s header. Throws ImageError for what can’t be unpacked (sparse files, unknown types). */
export function readHeader(header: tar.Header): TarEntry {
  const pax = (header.pax ?? {}) as Record<string, string>;
  const type = header.type === 'contiguous-file' ? 'file' : header.type;
  const sparse = Object.keys(pax).some((key) => key.startsWith('GNU.sparse.'));
  if (sparse || !type || !TYPES.has(type))
    throw new ImageError(
      'unsupported-entry',
      `${JSON.stringify(shownName(header.name))} is ${sparse ? 'a sparse file' : 'of a type'} that can’t be unpacked; build the layer again without it (tar --sparse, multi-volume)`,
    );
  const [seconds, nanoseconds] = readTime(pax.mtime, header.mtime);
  return {
    name: header.name,
    type: type as TarEntry['type'],
    linkname: header.linkname ?? '',
    mode: (header.mode ?? 0) & 0o7777,
    uid: readNumber(pax.uid, header.uid),
    gid: readNumber(pax.gid, header.gid),
    size: header.size ?? 0,
    mtimeSeconds: seconds,
    mtimeNanoseconds: nanoseconds,
    devmajor: header.devmajor ?? 0,
    devminor: header.devminor ?? 0,
    xattrs: readXattrs(pax),
  };
}

function readXattrs(pax: Record<string, string>): [string, string][] {
  const found: [string, string][] = [];
  for (const key in pax) if (key.startsWith(XATTR)) found.push([key.slice(XATTR.length), pax[key] ?? '']);
  return found;
}

function readNumber(pax: string | undefined, field: number | undefined): number {
  const value = pax === undefined ? (field ?? 0) : Number(pax);
  if (Number.isInteger(value) && value >= 0 && value < 2 ** 32) return value;
  throw corrupt(`an owner in it is no number between 0 and 4294967295`);
}

function readTime(pax: string | undefined, field: Date | undefined): [number, number] {
  const match = pax === undefined ? null : /^(-?\d{1,14})(?:\.(\d+))?$/.exec(pax);
  if (pax !== undefined && !match) throw corrupt('a time in it can’t be read');
  if (!match) {
    const seconds = Math.floor((field?.getTime() ?? 0) / 1000);
    return [Number.isFinite(seconds) ? seconds : 0, 0];
  }
  const seconds = Number(match[1]);
  const nanoseconds = Number((match[2] ?? '').slice(0, 9).padEnd(9, '0'));
  if (!match[1]?.startsWith('-') || nanoseconds === 0) return [seconds, nanoseconds];
  return [seconds - 1, 1e9 - nanoseconds];
}

/** The error for bytes that are no tar, or a broken one. */
export function corrupt(why: string, cause?: unknown): ImageError {
  return new ImageError(
    'corrupt-layer',
    `the layer is damaged: ${why}; pull the image again, or have it built again`,
    {
      cause,
    },
  );
}

/** A byte string as text to show. */
export function shownName(name: string): string {
  return Buffer.from(name, 'latin1').toString('utf8').slice(0, 300);
}
