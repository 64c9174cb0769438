/** One entry of an archive: a folder when it has no content. */
export interface CpioEntry {
  name: string;
  mode: number;
  content?: Uint8Array;
}

const FOLDER = 0o040000;
const FILE = 0o100000;

/** An archive in the "newc" format, the one that the kernel unpacks as initramfs (buffer-format.rst in its documentation). */
export function cpio(entries: CpioEntry[]): Buffer {
  const all = [...entries, { name: 'TRAILER!!!', mode: 0, content: new Uint8Array() }];
  return Buffer.concat(all.flatMap((entry, index) => pack(entry, index + 1)));
}

function pack({ name, mode, content }: CpioEntry, inode: number): Buffer[] {
  const type = content ? FILE : FOLDER;
  const bytes = content ?? new Uint8Array();
  const named = Buffer.from(`${name}\0`);
  // inode, mode, uid, gid, links, mtime, size, device (2), represented device (2), length of the name, checksum (unused)
  const fields = [inode, type | mode, 0, 0, 1, 0, bytes.length, 0, 0, 0, 0, named.length, 0];
  const head = Buffer.from(`070701${fields.map((field) => field.toString(16).padStart(8, '0')).join('')}`);
  return [head, named, padding(head.length + named.length), Buffer.from(bytes), padding(bytes.length)];
}

/** Names and contents are padded with NUL to a multiple of four bytes. */
const padding = (length: number): Buffer => Buffer.alloc((4 - (length % 4)) % 4);
