import type { Platform } from './manifest.ts';
import { type ImageAct, type ImageObserver, SILENT } from './observer.ts';
import { hostPlatform } from './platform.ts';
import type { Pull } from './pull/carried.ts';
import { fetchLayers } from './pull/layers.ts';
import { fetchConfig, manifestFor } from './pull/manifests.ts';
import { remember, resolve } from './pull/name.ts';
import type { PulledImage } from './pull/pulled.ts';
import type { ImageReference } from './reference.ts';
import { Repository } from './registry/repository.ts';
import { DEFAULT_SETTINGS, type RegistrySettings } from './registry/settings.ts';
import type { BlobStore } from './store.ts';

export interface PullOptions {
  store: BlobStore;
  platform?: Platform;
  settings?: Partial<RegistrySettings>;
  /** Ask the registry each time, or only if the image isn’t here yet (docker’s default). */
  policy?: 'always' | 'missing';
  /** Compute the digests of blobs that are already here again; else their size must do. */
  verifyCached?: boolean;
  observer?: ImageObserver;
  /** The act that the pull belongs to. */
  parent?: ImageAct;
  signal?: AbortSignal;
}

/**
 * Makes an image whole on disk: resolves the name, chooses the platform, fetches manifest, config and layers, verifies
 * each digest while it streams. Rejects with ImageError, or the signal’s reason; then nothing half-written is left and
 * whole blobs stay for the next try.
 */
export async function pullImage(reference: ImageReference, options: PullOptions): Promise<PulledImage> {
  const settings: RegistrySettings = { ...DEFAULT_SETTINGS, ...options.settings };
  const journey = {
    settings,
    observer: options.observer ?? SILENT,
    ...(options.parent ? { parent: options.parent } : {}),
    ...(options.signal ? { signal: options.signal } : {}),
  };
  const pull: Pull = {
    ...journey,
    reference,
    repository: new Repository(reference, journey),
    store: options.store,
    platform: options.platform ?? hostPlatform(),
    verifyCached: options.verifyCached ?? false,
    local: options.policy !== 'always',
  };
  const resolved = await resolve(pull);
  const { manifest, manifestDigest } = await manifestFor(resolved, pull);
  const config = await fetchConfig(manifest, pull);
  const layers = await fetchLayers(manifest, config, pull);
  await remember(resolved, pull);
  return {
    reference,
    digest: resolved.digest,
    manifestDigest,
    manifest,
    imageId: manifest.config.digest,
    config,
    platform: pull.platform,
    layers,
  };
}
