import { join } from 'node:path';
import {
  dockerCredentials,
  type ImageAct,
  ImageError,
  type ImageObserver,
  type KernelCalls,
  type PulledImage,
  parseReference,
  pullImage,
  Store,
} from '@underdock/image';
import { EmbeddedError } from './error.ts';
import { markUsed } from './garbage.ts';
import type { ImageSupply, ImageWanted, UnpackedImage } from './highLevel.ts';
import { LayerFolders } from './highLevelLayers.ts';
import { observeImage } from './imageObserver.ts';

/** What pulling and unpacking need. */
export interface RegistryImagesOptions {
  stateDir: string;
  /** `HOST:PORT` of the registry that serves the starter image; called when that image is asked for. */
  starter?: () => Promise<string>;
  /** System calls for owners, devices and attributes. */
  calls?: KernelCalls;
  /** Where overlayfs keeps its marks: `trusted` for root, `user` in a user namespace. */
  attributes: 'trusted' | 'user';
  /** Unpack to plain trees, since this host refuses overlays: why, in words. */
  noOverlay?: string;
}

/** Images from registries, verified, unpacked once and shared between runs. */
export function createRegistryImages(options: RegistryImagesOptions): ImageSupply {
  const store = new Store(join(options.stateDir, 'images'));
  const folders = new LayerFolders({ ...options, store, root: join(options.stateDir, 'layers') });
  return {
    async supply(wanted, tell, cause) {
      const aliases = await starterAlias(wanted.reference, options.starter);
      const { observer, parent } = observeImage(tell, cause, wanted.container);
      const image = await pull(wanted, aliases, store, observer, parent);
      for (const { digest } of blobsOf(image)) markUsed(store.path(digest));
      const layers = await folders.unpack(image, { observer, parent, signal: wanted.signal }, tell, cause);
      return unpacked(image, layers, options, folders.root);
    },
  };
}

/** All that an image has in the store. */
function blobsOf({ digest, manifestDigest, imageId, layers }: PulledImage): { digest: string }[] {
  return [{ digest }, { digest: manifestDigest }, { digest: imageId }, ...layers];
}

function unpacked(
  image: PulledImage,
  layers: string[],
  { noOverlay }: RegistryImagesOptions,
  layersFolder: string,
): UnpackedImage {
  const { config } = image.config;
  const reference = image.reference.familiar;
  return { reference, config, layers, layersFolder, ...(noOverlay ? { noOverlay } : {}) };
}

async function pull(
  wanted: ImageWanted,
  aliases: Record<string, string>,
  store: Store,
  observer: ImageObserver,
  parent: ImageAct,
): Promise<PulledImage> {
  return pullImage(parseReference(wanted.reference, aliases), {
    store,
    observer,
    parent,
    signal: wanted.signal,
    settings: { credentials: dockerCredentials(), insecure: wanted.plainHttp },
  });
}

/** The short name `starter` stands for an image of our own registry on loopback. */
async function starterAlias(
  reference: string,
  starter: (() => Promise<string>) | undefined,
): Promise<Record<string, string>> {
  if (!starter || !/^starter(?:[:@]|$)/.test(reference)) return {};
  try {
    return { starter: `${await starter()}/starter` };
  } catch (cause) {
    if (cause instanceof ImageError) throw cause;
    throw new EmbeddedError('no-starter', `the starter image can’t be served: ${(cause as Error).message}`, {
      cause,
      remedy: 'check that the state directory is writable and that ports on 127.0.0.1 can be opened',
    });
  }
}
