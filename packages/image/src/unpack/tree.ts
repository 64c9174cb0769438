import { chmodSync, chownSync, lstatSync, lutimesSync, mkdirSync, readlinkSync, type Stats } from 'node:fs';
import { ImageError } from '../error.ts';
import type { KernelCalls } from './kernelCalls.ts';
import { isWhiteout, type Lowers, look } from './lowers.ts';
import { below, fsPath, unsafe } from './paths.ts';
import { removeBytes } from './removeTree.ts';
import type { SkippedList } from './skipped.ts';
import { shownName } from './tarStream.ts';

// The kernel’s own limit for links in one path (path_resolution(7)).
const MOST_LINKS = 40;

/** What a directory shall have in the end: times and modes of folders come last, or unpacking would change them. */
export interface FolderEnd {
  mode?: number;
  seconds?: number;
  nanoseconds?: number;
  /** A folder with the set-group-id bit gives its group to what is made in it. */
  givesGroup: boolean;
}

/**
 * The folder that a layer is unpacked into, seen as the container’s root: paths are resolved component by component,
 * links are followed inside it only, as if after chroot. Relative paths are byte strings without `.`, `..` and links.
 */
export class Tree {
  readonly root: string;
  readonly #lowers: Lowers | undefined;
  readonly #calls: KernelCalls;
  readonly #skipped: SkippedList;
  readonly #resolved = new Map<string, string>();
  readonly #ends = new Map<string, FolderEnd>();
  /** Folders of this layer that hide what lies below them. */
  readonly opaque = new Set<string>();

  constructor(root: string, calls: KernelCalls, skipped: SkippedList, lowers?: Lowers) {
    this.root = root;
    this.#calls = calls;
    this.#skipped = skipped;
    this.#lowers = lowers;
  }

  /** For Node’s fs. */
  path(relative: string): string | Buffer {
    return fsPath(below(this.root, relative));
  }

  /** For the calls that Node lacks. */
  bytes(relative: string): Buffer {
    return Buffer.from(below(this.root, relative), 'latin1');
  }

  /** The real folder that some path’s folders lead to; missing ones are made, as tar does. */
  folder(parts: readonly string[]): string {
    const key = parts.join('/');
    let relative = this.#resolved.get(key);
    if (relative === undefined) {
      relative = this.#walk(parts, true) ?? '';
      this.#resolved.set(key, relative);
    }
    return relative;
  }

  /** The same, but nothing is made: undefined where it leads nowhere. */
  existingFolder(parts: readonly string[]): string | undefined {
    return this.#resolved.get(parts.join('/')) ?? this.#walk(parts, false);
  }

  #walk(parts: readonly string[], make: boolean): string | undefined {
    const left = [...parts].reverse();
    let current = '';
    let links = 0;
    for (let part = left.pop(); part !== undefined; part = left.pop()) {
      if (part === '' || part === '.') continue;
      if (part === '..') {
        current = current.slice(0, Math.max(0, current.lastIndexOf('/')));
        continue;
      }
      const next = current === '' ? part : `${current}/${part}`;
      const found = this.find(next);
      if (found?.stats.isSymbolicLink()) {
        links += 1;
        if (links > MOST_LINKS) throw unsafe(parts.join('/'), 'links in a path lead in a circle');
        const target = readlinkSync(fsPath(found.path), 'buffer').toString('latin1');
        if (target.startsWith('/')) current = '';
        left.push(...target.split('/').reverse());
      } else if (found && !found.stats.isDirectory()) {
        throw new ImageError(
          'corrupt-layer',
          `the layer puts something below ${JSON.stringify(shownName(next))}, which is no folder; have the image built again`,
        );
      } else if (!found && !make) return undefined;
      else {
        if (make && found?.path !== below(this.root, next)) this.#makeParent(next, current, found?.path);
        current = next;
      }
    }
    return current;
  }

  /** What is at a path, here or in the layers below. */
  find(relative: string): { path: string; stats: Stats } | undefined {
    const path = below(this.root, relative);
    const stats = look(path);
    if (stats) return this.#lowers && isWhiteout(stats) ? undefined : { path, stats };
    return this.#lowers && !this.#hidden(relative) ? this.#lowers.find(relative) : undefined;
  }

  #hidden(relative: string): boolean {
    if (this.opaque.size === 0) return false;
    for (let at = relative.lastIndexOf('/'); at > 0; at = relative.lastIndexOf('/', at - 1))
      if (this.opaque.has(relative.slice(0, at))) return true;
    return this.opaque.has('');
  }

  /** A folder that the layer needs but doesn’t describe: like the one in a lower layer, or plain. */
  #makeParent(relative: string, parent: string, like: string | undefined): void {
    const { mode, givesGroup } = this.touch(parent);
    if (look(below(this.root, relative))) this.remove(relative);
    mkdirSync(this.path(relative), 0o700);
    if (like !== undefined) this.likeFolder(relative, like);
    else if (mode === undefined ? givesGroup : (mode & 0o2000) !== 0) this.#inGroupOf(parent, relative);
    else this.#ends.set(relative, { mode: 0o755, givesGroup: false });
  }

  /** What mkdir(2) does below a folder with the set-group-id bit, which ours may only get in the end. */
  #inGroupOf(parent: string, relative: string): void {
    const { gid } = lstatSync(this.path(parent));
    const { uid } = lstatSync(this.path(relative));
    this.#skipped.attempt('owner', relative, () => chownSync(this.path(relative), uid, gid));
    this.#ends.set(relative, { mode: 0o2755, givesGroup: true });
  }

  /** Gives a folder the owner, and in the end the mode and time, of another one somewhere. */
  likeFolder(relative: string, like: string): void {
    const stats = lstatSync(fsPath(like), { bigint: true });
    if (process.geteuid?.() === 0)
      this.#skipped.attempt('owner', relative, () =>
        chownSync(this.path(relative), Number(stats.uid), Number(stats.gid)),
      );
    this.#ends.set(relative, {
      mode: Number(stats.mode) & 0o7777,
      seconds: Number(stats.mtimeNs / 1_000_000_000n),
      nanoseconds: Number(stats.mtimeNs % 1_000_000_000n),
      givesGroup: (Number(stats.mode) & 0o2000) !== 0,
    });
  }

  /** Before something is made or removed in a folder: notes what it must look like afterwards. */
  touch(folder: string): FolderEnd {
    const known = this.#ends.get(folder);
    if (known) return known;
    const stats = lstatSync(this.path(folder), { bigint: true });
    const mode = Number(stats.mode) & 0o7777;
    const seconds = Number(stats.mtimeNs / 1_000_000_000n);
    const end: FolderEnd = {
      seconds,
      nanoseconds: Number(stats.mtimeNs % 1_000_000_000n),
      givesGroup: (mode & 0o2000) !== 0,
    };
    if (process.geteuid?.() !== 0 && (mode & 0o700) !== 0o700) {
      chmodSync(this.path(folder), mode | 0o700);
      end.mode = mode;
    }
    this.#ends.set(folder, end);
    return end;
  }

  /** Says what a folder shall look like in the end. */
  endAs(folder: string, end: FolderEnd): void {
    this.#ends.set(folder, end);
  }

  /** Removes whatever is at a path, with all below it. */
  remove(relative: string): void {
    const stats = look(below(this.root, relative));
    if (!stats) return;
    removeBytes(below(this.root, relative));
    if (!stats.isDirectory() && !stats.isSymbolicLink()) return;
    this.#resolved.clear();
    if (stats.isDirectory())
      for (const known of this.#ends.keys())
        if (known === relative || known.startsWith(`${relative}/`)) this.#ends.delete(known);
  }

  /** Gives the folders their modes and times, the deepest first. */
  finish(): void {
    const depth = (path: string) => (path === '' ? 0 : path.split('/').length);
    const folders = [...this.#ends.keys()].sort((a, b) => depth(b) - depth(a));
    for (const folder of folders) {
      const { mode, seconds, nanoseconds } = this.#ends.get(folder) ?? { givesGroup: false };
      if (mode !== undefined) this.#skipped.attempt('mode', folder, () => chmodSync(this.path(folder), mode));
      if (seconds !== undefined) this.setTimes(folder, seconds, nanoseconds ?? 0);
    }
    this.#ends.clear();
  }

  /** Sets access and modification time, of a link itself too. */
  setTimes(relative: string, seconds: number, nanoseconds: number): void {
    this.#skipped.attempt('time', relative, () => {
      if (nanoseconds !== 0 && this.#calls.setTimes)
        this.#calls.setTimes(this.bytes(relative), seconds, nanoseconds);
      else {
        const at = seconds + nanoseconds / 1e9;
        lutimesSync(this.path(relative), at, at);
      }
    });
  }
}
