import { mkdirSync, readdirSync } from 'node:fs';
import { readFile, stat, writeFile } from 'node:fs/promises';
import { basename, join } from 'node:path';
import {
  type ImageAct,
  type ImageObserver,
  type KernelCalls,
  type PulledImage,
  type PulledLayer,
  removeTree,
  type Store,
  unpackLayerFolder,
  unpackTree,
} from '@underdock/image';
import type { Tell } from '../../run/tell.ts';
import { markUsed } from './garbage.ts';

/** How layers are unpacked. */
export interface LayerFoldersOptions {
  root: string;
  store: Store;
  calls?: KernelCalls;
  attributes: 'trusted' | 'user';
  noOverlay?: string;
}

interface Watching {
  observer: ImageObserver;
  parent: ImageAct;
  signal: AbortSignal;
}

/** What is remembered of an unpacked layer. */
interface Remembered {
  /** Absent where several layers lie in one folder. */
  unpackedBytes?: number;
}

/** Overlay's options must fit into a page even for 127 layers: 24 hex digits of a digest are unique enough and short. */
const NAME_LENGTH = 24;

/**
 * Unpacked layers by the chain of layers that they stand on, each unpacked once whoever asks, whole or not at all.
 * Without overlays an image is one folder, all layers on top of each other.
 */
export class LayerFolders {
  readonly root: string;
  #options: LayerFoldersOptions;
  #unpacking = new Map<string, Promise<unknown>>();

  constructor(options: LayerFoldersOptions) {
    this.#options = options;
    this.root = options.root;
    mkdirSync(this.root, { recursive: true, mode: 0o700 });
  }

  /** The folders of an image's layers, lowest first. Rejects with ImageError, or the signal's reason. */
  async unpack(image: PulledImage, watching: Watching, tell: Tell, cause: string): Promise<string[]> {
    if (this.#options.noOverlay !== undefined) return [await this.#flat(image, watching, tell, cause)];
    if (image.layers.length === 0) return [this.#empty()];
    const folders: string[] = [];
    for (const layer of image.layers) {
      const folder = join(this.root, nameOf(layer.chainId));
      const lowers = [...folders].reverse();
      const fresh = await this.#once(folder, watching.signal, async () => {
        const { bytes } = await unpackLayerFolder(layer, folder, {
          ...this.#unpackOptions(watching),
          lowers,
          attributes: this.#options.attributes,
        });
        await this.#remember(folder, { unpackedBytes: bytes });
      });
      await this.#say(layer, folder, !fresh, tell, cause, true);
      folders.push(folder);
    }
    return folders;
  }

  async #flat(image: PulledImage, watching: Watching, tell: Tell, cause: string): Promise<string> {
    const top = image.layers.at(-1);
    if (!top) return this.#empty();
    const folder = join(this.root, `${nameOf(top.chainId)}-flat`);
    const fresh = await this.#once(folder, watching.signal, () =>
      unpackTree(image, folder, this.#unpackOptions(watching)),
    );
    if (fresh) await this.#remember(folder, {});
    for (const layer of image.layers) await this.#say(layer, folder, !fresh, tell, cause);
    return folder;
  }

  #unpackOptions(watching: Watching) {
    const { store, calls } = this.#options;
    return { ...watching, store, ...(calls ? { calls } : {}) };
  }

  /** Calls `unpack` unless the folder is there; who comes meanwhile waits. Resolves with whether it was called for us. */
  async #once(folder: string, signal: AbortSignal, unpack: () => Promise<unknown>): Promise<boolean> {
    for (;;) {
      signal.throwIfAborted();
      if (await isFolder(folder)) return false;
      const going = this.#unpacking.get(folder);
      if (!going) break;
      // If the other one fails or is stopped, it is our turn.
      await going.catch(() => {});
    }
    const own = unpack();
    this.#unpacking.set(folder, own);
    try {
      await own;
      return true;
    } finally {
      this.#unpacking.delete(folder);
    }
  }

  #empty(): string {
    const folder = join(this.root, 'empty');
    mkdirSync(folder, { recursive: true, mode: 0o755 });
    return folder;
  }

  async #remember(folder: string, remembered: Remembered): Promise<void> {
    await writeFile(`${folder}.json`, JSON.stringify(remembered), { mode: 0o600 });
  }

  /** `own`: nothing but this layer lies in the folder. */
  async #say(
    layer: PulledLayer,
    folder: string,
    cached: boolean,
    tell: Tell,
    cause: string,
    own = false,
  ): Promise<void> {
    const { index, digest, diffId, mediaType, bytes, createdBy } = layer;
    const text = await readFile(`${folder}.json`, 'utf8').catch(() => '{}');
    markUsed(`${folder}.json`);
    const { unpackedBytes } = JSON.parse(text) as Partial<Remembered>;
    const data = { index, digest, diffId, mediaType, bytes, cached };
    const more = {
      ...(createdBy ? { createdBy } : {}),
      ...(unpackedBytes === undefined ? {} : { unpackedBytes }),
      ...(own ? { folder } : {}),
    };
    tell.fact('high-level/has-layer', { ...data, ...more }, { cause: [cause] });
  }
}

function nameOf(chainId: string): string {
  return chainId.replace(/^sha\d+:/, '').slice(0, NAME_LENGTH);
}

async function isFolder(path: string): Promise<boolean> {
  return stat(path).then(
    (found) => found.isDirectory(),
    () => false,
  );
}

const PLACES = [
  'layers',
  'images/blobs/sha256',
  'images/blobs/sha512',
  'starter/blobs/sha256',
  'starter',
  'runtime/by-hand',
];
/** How names of what is being written, and of trials, look. */
const HALF_MADE = /\.partial$|\.new$|^try-overlay-/;

/** Removes what an agent that died left half-unpacked or half-fetched. Resolves with the paths. */
export function removePartials(stateDir: string): string[] {
  const references = ['images/references', 'starter/references'].flatMap((name) =>
    namesIn(join(stateDir, name)).map((repository) => join(name, repository)),
  );
  const places = ['', ...PLACES, ...references].map((name) => join(stateDir, name));
  const left = places.flatMap((place) => namesIn(place).map((name) => join(place, name)));
  const partial = left.filter((path) => HALF_MADE.test(basename(path)));
  for (const path of partial) removeTree(path);
  return partial;
}

function namesIn(folder: string): string[] {
  try {
    return readdirSync(folder);
  } catch {
    return [];
  }
}
