import { readdirSync } from 'node:fs';
import { ImageError } from '../error.ts';
import { type KernelCalls, S_IFCHR } from './kernelCalls.ts';
import { unsafe } from './paths.ts';
import type { SkippedList } from './skipped.ts';
import type { TarEntry } from './tarStream.ts';
import type { Tree } from './tree.ts';

/**
 * How deletions are expressed: in a `flat` tree what is deleted goes at once; in a layer of an `overlay` the marks that
 * overlayfs reads are made, with `trusted.` attributes, or `user.` ones for a mount inside a user namespace.
 */
export type UnpackStyle = { kind: 'flat' } | { kind: 'overlay'; attributes: 'trusted' | 'user' };

const PREFIX = '.wh.';
const OPAQUE = '.wh..wh..opq';
const AUFS = '.wh..wh.';

/** Applies whiteouts (OCI image spec, layer.md, "Whiteouts"): they hide what lower layers have, never this layer’s own. */
export class Whiteouts {
  readonly #tree: Tree;
  readonly #style: UnpackStyle;
  readonly #calls: KernelCalls;
  readonly #skipped: SkippedList;
  readonly #counts: { whiteouts: number; opaque: number };
  readonly #made = new Set<string>();

  constructor(
    tree: Tree,
    style: UnpackStyle,
    calls: KernelCalls,
    skipped: SkippedList,
    counts: { whiteouts: number; opaque: number },
  ) {
    this.#tree = tree;
    this.#style = style;
    this.#calls = calls;
    this.#skipped = skipped;
    this.#counts = counts;
  }

  /** Notes that this layer has something at a path, and so its folders too. */
  made(relative: string): void {
    let path = relative;
    while (path !== '' && !this.#made.has(path)) {
      this.#made.add(path);
      path = path.slice(0, Math.max(0, path.lastIndexOf('/')));
    }
  }

  /** Whether the entry was a whiteout, which is now applied. */
  apply(folder: string, name: string, entry: TarEntry): boolean {
    if (!name.startsWith(PREFIX)) return false;
    if (name === OPAQUE) {
      this.#makeOpaque(folder);
      return true;
    }
    if (name.startsWith(AUFS)) {
      this.#skipped.add('aufs-metadata', 'only AUFS has a use for it', entry.name);
      return true;
    }
    const hidden = name.slice(PREFIX.length);
    if (hidden === '' || hidden === '.' || hidden === '..')
      throw unsafe(entry.name, 'a whiteout deletes no file of its folder');
    this.#hide(folder, hidden);
    return true;
  }

  #hide(folder: string, name: string): void {
    const relative = folder === '' ? name : `${folder}/${name}`;
    this.#counts.whiteouts += 1;
    if (this.#made.has(relative)) {
      // Deleted below and made anew here: of a folder, only this layer’s content stays.
      if (this.#tree.find(relative)?.stats.isDirectory()) this.#clear(relative);
      return;
    }
    this.#tree.touch(folder);
    this.#tree.remove(relative);
    if (this.#style.kind === 'overlay') {
      const { mknod } = this.#calls;
      if (!mknod)
        throw new ImageError(
          'not-permitted',
          'overlay layers need mknod for their deletions, which this program can’t call here; use a flat tree',
        );
      mknod(this.#tree.bytes(relative), S_IFCHR, 0, 0);
    }
  }

  #makeOpaque(folder: string): void {
    this.#counts.opaque += 1;
    this.made(folder);
    this.#clear(folder);
  }

  #clear(folder: string): void {
    if (this.#style.kind === 'overlay') {
      this.#tree.opaque.add(folder);
      return;
    }
    const names = readdirSync(this.#tree.path(folder), { encoding: 'buffer' });
    for (const name of names) {
      const relative = folder === '' ? name.toString('latin1') : `${folder}/${name.toString('latin1')}`;
      if (!this.#made.has(relative)) {
        this.#tree.touch(folder);
        this.#tree.remove(relative);
      } else if (this.#tree.find(relative)?.stats.isDirectory()) this.#clear(relative);
    }
  }

  /** Marks the opaque folders of an overlay layer. Throws ImageError `not-permitted` where attributes can’t be set. */
  finish(): void {
    if (this.#style.kind !== 'overlay') return;
    const name = opaqueAttribute(this.#style.attributes);
    for (const folder of this.#tree.opaque) {
      if (!this.#tree.find(folder)?.stats.isDirectory()) continue;
      if (!this.#calls.setXattr)
        throw new ImageError(
          'not-permitted',
          'overlay layers need attributes for their opaque folders, which this program can’t set here; use a flat tree',
        );
      this.#calls.setXattr(this.#tree.bytes(folder), name, Buffer.from('y'));
    }
  }
}

/** The attribute by which overlayfs knows an opaque folder. */
export function opaqueAttribute(attributes: 'trusted' | 'user'): string {
  return `${attributes}.overlay.opaque`;
}
