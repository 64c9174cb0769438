import {
  chmodSync,
  closeSync,
  copyFileSync,
  fchmodSync,
  fchownSync,
  futimesSync,
  lchownSync,
  linkSync,
  mkdirSync,
  openSync,
  symlinkSync,
  writeSync,
} from 'node:fs';
import { errnoOf, ImageError } from '../error.ts';
import { type KernelCalls, S_IFBLK, S_IFCHR, S_IFIFO } from './kernelCalls.ts';
import { fsPath, splitName, unsafe } from './paths.ts';
import type { SkippedList } from './skipped.ts';
import { shownName, type TarEntry } from './tarStream.ts';
import type { Tree } from './tree.ts';
import { type UnpackStyle, Whiteouts } from './whiteouts.ts';

const NO_MKNOD = 'this program can’t call mknod here';

/** What was made, by kind. */
export interface LayerCounts {
  entries: number;
  files: number;
  /** In files. */
  bytes: number;
  whiteouts: number;
  opaque: number;
}

/** Takes a file’s content. */
export interface FileWriter {
  write(chunk: Uint8Array): void;
  end(): void;
}

/** Makes a layer’s entries in a tree, one after the other. */
export class LayerWriter {
  readonly counts: LayerCounts = { entries: 0, files: 0, bytes: 0, whiteouts: 0, opaque: 0 };
  readonly #tree: Tree;
  readonly #calls: KernelCalls;
  readonly #skipped: SkippedList;
  readonly #whiteouts: Whiteouts;
  readonly #style: UnpackStyle;
  readonly #devices: boolean;
  readonly #uid = process.geteuid?.() ?? 0;
  readonly #gid = process.getegid?.() ?? 0;
  readonly #umask = process.umask();
  #open: number | undefined;

  constructor(
    tree: Tree,
    style: UnpackStyle,
    calls: KernelCalls,
    skipped: SkippedList,
    options: { devices: boolean },
  ) {
    this.#tree = tree;
    this.#calls = calls;
    this.#skipped = skipped;
    this.#style = style;
    this.#devices = options.devices;
    this.#whiteouts = new Whiteouts(tree, style, calls, skipped, this.counts);
  }

  /** Makes an entry; for a file, gives what takes its content. `parts` is the entry’s name, split and checked. */
  begin(entry: TarEntry, parts: string[]): FileWriter | undefined {
    this.counts.entries += 1;
    const name = parts.at(-1);
    if (name === undefined) {
      this.#root(entry);
      return undefined;
    }
    const folder = this.#tree.folder(parts.slice(0, -1));
    if (this.#whiteouts.apply(folder, name, entry)) return undefined;
    const relative = folder === '' ? name : `${folder}/${name}`;
    this.#whiteouts.made(relative);
    if (entry.type === 'file') return this.#file(entry, folder, relative);
    this.#tree.touch(folder);
    this.#make(entry, relative);
    return undefined;
  }

  /** After the last entry: opaque folders, then folders’ modes and times. */
  finish(): void {
    this.#whiteouts.finish();
    this.#tree.finish();
  }

  /** After a failure: closes a file that was being written. */
  abandon(): void {
    if (this.#open !== undefined) closeSync(this.#open);
    this.#open = undefined;
  }

  #root(entry: TarEntry): void {
    if (entry.type !== 'directory')
      throw unsafe(entry.name, 'an entry would replace the image’s root folder');
    this.#directoryEnd(entry, '');
  }

  #make(entry: TarEntry, relative: string): void {
    switch (entry.type) {
      case 'directory':
        this.#directory(entry, relative);
        break;
      case 'link':
        this.#link(entry, relative);
        break;
      case 'symlink':
        if (entry.linkname === '' || entry.linkname.includes('\0'))
          throw unsafe(entry.name, 'a symbolic link has no proper target');
        this.#fresh(relative, () => symlinkSync(fsPath(entry.linkname), this.#tree.path(relative)));
        this.#metadata(entry, relative);
        break;
      default:
        this.#node(entry, relative);
    }
  }

  /** Makes something where nothing may be yet; what is there already goes. */
  #fresh<T>(relative: string, make: () => T): T {
    try {
      return make();
    } catch (error) {
      if (errnoOf(error) !== 'EEXIST') throw error;
      this.#tree.remove(relative);
      return make();
    }
  }

  #directory(entry: TarEntry, relative: string): void {
    try {
      mkdirSync(this.#tree.path(relative), 0o700);
    } catch (error) {
      if (errnoOf(error) !== 'EEXIST') throw error;
      const found = this.#tree.find(relative);
      if (!found?.stats.isDirectory()) {
        this.#tree.remove(relative);
        mkdirSync(this.#tree.path(relative), 0o700);
      }
    }
    this.#directoryEnd(entry, relative);
  }

  #directoryEnd(entry: TarEntry, relative: string): void {
    this.#owner(entry, () => lchownSync(this.#tree.path(relative), entry.uid, entry.gid), true);
    if (this.#uid !== 0) chmodSync(this.#tree.path(relative), 0o700);
    this.#xattrs(entry, relative);
    this.#tree.endAs(relative, {
      mode: entry.mode,
      seconds: entry.mtimeSeconds,
      nanoseconds: entry.mtimeNanoseconds,
      givesGroup: this.#uid === 0,
    });
  }

  #file(entry: TarEntry, folder: string, relative: string): FileWriter {
    const { givesGroup } = this.#tree.touch(folder);
    const path = this.#tree.path(relative);
    const fd = this.#fresh(relative, () => openSync(path, 'wx', entry.mode & 0o777));
    this.#open = fd;
    return {
      write: (chunk) => {
        for (let done = 0; done < chunk.byteLength; ) done += writeSync(fd, chunk, done);
        this.counts.bytes += chunk.byteLength;
      },
      end: () => {
        this.counts.files += 1;
        this.#owner(entry, () => fchownSync(fd, entry.uid, entry.gid), givesGroup);
        if ((entry.mode & (0o7000 | this.#umask)) !== 0)
          this.#skipped.attempt('mode', entry.name, () => fchmodSync(fd, entry.mode));
        this.#xattrs(entry, relative);
        const exact = entry.mtimeNanoseconds !== 0;
        if (exact) this.#tree.setTimes(relative, entry.mtimeSeconds, entry.mtimeNanoseconds);
        else futimesSync(fd, entry.mtimeSeconds, entry.mtimeSeconds);
        this.#open = undefined;
        closeSync(fd);
      },
    };
  }

  #link(entry: TarEntry, relative: string): void {
    const parts = splitName(entry.linkname, 'a hard link');
    const name = parts.pop();
    const folder = this.#tree.existingFolder(parts);
    const target =
      folder === undefined || name === undefined ? undefined : folder === '' ? name : `${folder}/${name}`;
    const found = target === undefined ? undefined : this.#tree.find(target);
    if (target === undefined || !found || found.stats.isDirectory())
      throw new ImageError(
        'corrupt-layer',
        `${JSON.stringify(shownName(entry.name))} is a hard link to ${JSON.stringify(shownName(entry.linkname))}, which is no file of the image; have the image built again`,
      );
    if (target === relative) return;
    const path = this.#tree.path(relative);
    this.#copyUp(target, found.path);
    this.#fresh(relative, () => linkSync(this.#tree.path(target), path));
  }

  /** A hard link into a lower layer: overlayfs would copy the file up first, and so do we. */
  #copyUp(target: string, found: string): void {
    const own = this.#tree.path(target);
    if (String(fsPath(found)) === String(own)) return;
    const stats = this.#tree.find(target)?.stats;
    if (!stats?.isFile())
      throw new ImageError(
        'unsupported-entry',
        `${JSON.stringify(shownName(target))} is a special file of a lower layer that a hard link wants; have the image built again`,
      );
    this.#tree.touch(this.#tree.folder(target.split('/').slice(0, -1)));
    copyFileSync(fsPath(found), own);
    if (this.#uid === 0) lchownSync(own, stats.uid, stats.gid);
    chmodSync(own, stats.mode & 0o7777);
    this.#tree.setTimes(target, Math.floor(stats.mtimeMs / 1000), 0);
  }

  #node(entry: TarEntry, relative: string): void {
    const { mknod } = this.#calls;
    const what = entry.type === 'fifo' ? 'fifo' : 'device';
    const refused = this.#nodeRefusal(entry, what);
    if (!mknod || refused !== undefined) {
      this.#skipped.add(what, refused ?? NO_MKNOD, entry.name);
      return;
    }
    const type = what === 'fifo' ? S_IFIFO : entry.type === 'character-device' ? S_IFCHR : S_IFBLK;
    let made = false;
    this.#skipped.attempt(what, entry.name, () => {
      this.#fresh(relative, () =>
        mknod(this.#tree.bytes(relative), type | (entry.mode & 0o777), entry.devmajor, entry.devminor),
      );
      made = true;
    });
    if (made) this.#metadata(entry, relative);
  }

  #nodeRefusal(entry: TarEntry, what: 'fifo' | 'device'): string | undefined {
    if (what === 'fifo') return undefined;
    if (!this.#devices) return 'devices are not wanted';
    const looksDeleted = this.#style.kind === 'overlay' && entry.devmajor === 0 && entry.devminor === 0;
    return looksDeleted ? 'overlayfs would take 0/0 for a deletion' : undefined;
  }

  #metadata(entry: TarEntry, relative: string): void {
    const path = this.#tree.path(relative);
    this.#owner(entry, () => lchownSync(path, entry.uid, entry.gid), true);
    if (entry.type !== 'symlink')
      this.#skipped.attempt('mode', entry.name, () => chmodSync(path, entry.mode));
    this.#xattrs(entry, relative);
    this.#tree.setTimes(relative, entry.mtimeSeconds, entry.mtimeNanoseconds);
  }

  #owner({ uid, gid, name }: TarEntry, change: () => void, mayDiffer: boolean): void {
    const same = uid === this.#uid && gid === this.#gid;
    if (same && !(mayDiffer && this.#uid === 0)) return;
    if (this.#uid === 0) this.#skipped.attempt('owner', name, change);
    // In a user namespace of an ordinary user, that user is the container's root.
    else if (uid !== 0 || gid !== 0) this.#skipped.add('owner', 'only root may give files to others', name);
  }

  #xattrs({ xattrs, name }: TarEntry, relative: string): void {
    for (const [key, value] of xattrs) {
      if (/^(trusted|user)\.overlay\./.test(key))
        this.#skipped.add('xattr', 'overlayfs would take it for its own', name);
      else if (key.includes('\0')) this.#skipped.add('xattr', 'its name holds a NUL', name);
      else if (!this.#calls.setXattr)
        this.#skipped.add('xattr', 'this program can’t set attributes here', name);
      else {
        const set = this.#calls.setXattr;
        this.#skipped.attempt('xattr', name, () =>
          set(
            this.#tree.bytes(relative),
            Buffer.from(key, 'latin1').toString(),
            Buffer.from(value, 'latin1'),
          ),
        );
      }
    }
  }
}
