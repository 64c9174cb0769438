import type { ImageConfig, ImageManifest, Platform } from '../manifest.ts';
import type { ImageReference } from '../reference.ts';

/** One layer of an image that is here: its blob lies in the store under `digest`. */
export interface PulledLayer {
  /** From 0, the lowest. */
  index: number;
  digest: string;
  /** Digest of the uncompressed tar, to be verified while unpacking. */
  diffId: string;
  /** Names the stack of layers up to this one. */
  chainId: string;
  mediaType: string;
  /** Compressed. */
  bytes: number;
  /** The command that made it, where the image says so. */
  createdBy?: string;
  cached: boolean;
}

/** An image that is whole and verified on disk. */
export interface PulledImage {
  reference: ImageReference;
  /** Digest of what the tag stands for: an index or a manifest. */
  digest: string;
  /** Digest of the manifest for the platform. */
  manifestDigest: string;
  manifest: ImageManifest;
  /** Digest of the config: what docker calls the image id. */
  imageId: string;
  config: ImageConfig;
  platform: Platform;
  layers: PulledLayer[];
}
