import { chainIds } from './digest.ts';
import { ImageError } from './error.ts';
import {
  type Descriptor,
  type ImageConfig,
  type ImageManifest,
  layerHistory,
  type Platform,
  parseConfig,
  parseManifest,
} from './manifest.ts';
import { isIndex, isManifest } from './mediaTypes.ts';
import { atMostEvery, type ImageAct, type ImageObserver, observed, SILENT } from './observer.ts';
import { choosePlatform, hostPlatform, platformText } from './platform.ts';
import type { ImageReference } from './reference.ts';
import type { Journey } from './registry/exchange.ts';
import { MOST_MANIFEST_BYTES, Repository } from './registry/repository.ts';
import { DEFAULT_SETTINGS, type RegistrySettings } from './registry/settings.ts';
import type { BlobStore } from './store.ts';

// An image's config holds its history; the largest seen are some hundred kilobytes.
const MOST_CONFIG_BYTES = 16 * 1024 * 1024;

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

/** Everything a pull carries along. */
interface Pull extends Journey {
  reference: ImageReference;
  repository: Repository;
  store: BlobStore;
  platform: Platform;
  verifyCached: boolean;
  local: boolean;
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

interface Resolved {
  digest: string;
  mediaType: string;
}

async function resolve(pull: Pull): Promise<Resolved> {
  const { reference, observer, store } = pull;
  const data = {
    reference: reference.familiar,
    registry: reference.domain,
    repository: reference.path,
    ...(reference.tag === undefined ? {} : { tag: reference.tag }),
    ...(reference.digest === undefined ? {} : { digest: reference.digest }),
  };
  return observed(observer, 'resolve-image', data, pull.parent, async (act) => {
    const known = pull.local ? await knownTarget(pull) : undefined;
    const found = known ?? (await ask({ ...pull, parent: act }));
    const cached = known !== undefined && (await store.size(found.digest)) !== undefined;
    return {
      value: found,
      data: {
        digest: found.digest,
        ...(found.mediaType === '' ? {} : { mediaType: found.mediaType }),
        ...(cached ? { cached } : {}),
      },
    };
  });
}

/** What the name stood for when it was last pulled whole; a digest always stands for itself. */
async function knownTarget({ reference, store }: Pull): Promise<Resolved | undefined> {
  if (reference.digest !== undefined) return { digest: reference.digest, mediaType: '' };
  const name = `${reference.domain}/${reference.path}`;
  const target = await store.references.get(name, reference.tag ?? 'latest');
  return target && (await store.size(target.digest)) === target.size ? target : undefined;
}

async function ask(pull: Pull): Promise<Resolved> {
  const { reference, repository, store } = pull;
  if (reference.digest !== undefined) return { digest: reference.digest, mediaType: '' };
  const tag = reference.tag ?? 'latest';
  const head = await repository.resolve(tag, pull);
  if (head.digest !== undefined) return { digest: head.digest, mediaType: head.mediaType ?? '' };
  // Some registries don't name the digest: then the manifest itself must be fetched to know it.
  const { bytes, digest, mediaType } = await repository.manifest(tag, undefined, pull);
  await store.write({ digest, size: bytes.byteLength }, (sink) => sink.write(bytes));
  return { digest, mediaType };
}

async function manifestFor(
  resolved: Resolved,
  pull: Pull,
): Promise<{ manifest: ImageManifest; manifestDigest: string }> {
  const top = await fetchManifest(resolved, pull);
  if (!('manifests' in top)) return { manifest: top, manifestDigest: resolved.digest };
  const chosen = choosePlatform(top, pull.platform);
  const below = await fetchManifest(chosen, pull);
  if ('manifests' in below)
    throw new ImageError(
      'bad-manifest',
      `${pull.reference.familiar} is an index of indexes; give the digest of one image in it`,
    );
  return { manifest: below, manifestDigest: chosen.digest };
}

async function fetchManifest(wanted: Resolved & { platform?: Platform }, pull: Pull) {
  const { store, repository, observer } = pull;
  const data = { digest: wanted.digest, ...(wanted.mediaType === '' ? {} : { mediaType: wanted.mediaType }) };
  return observed(observer, 'fetch-manifest', data, pull.parent, async (act) => {
    const known = await store.size(wanted.digest);
    const cached = known !== undefined && known <= MOST_MANIFEST_BYTES;
    const fetched = cached
      ? { bytes: await store.read(wanted.digest), mediaType: wanted.mediaType }
      : await repository.manifest(wanted.digest, wanted.digest, { ...pull, parent: act });
    const manifest = parseManifest(fetched.bytes, fetched.mediaType || wanted.mediaType);
    const blob = { digest: wanted.digest, size: fetched.bytes.byteLength };
    if (!cached) await store.write(blob, (sink) => sink.write(fetched.bytes));
    const end = {
      digest: wanted.digest,
      mediaType: manifest.mediaType,
      bytes: blob.size,
      ...('layers' in manifest ? { layers: manifest.layers.length } : {}),
      ...(wanted.platform ? { platform: platformText(wanted.platform) } : {}),
      ...(cached ? { cached } : {}),
    };
    return { value: manifest, data: end };
  });
}

async function fetchConfig(manifest: ImageManifest, pull: Pull): Promise<ImageConfig> {
  const { config: blob } = manifest;
  if (blob.size > MOST_CONFIG_BYTES)
    throw new ImageError(
      'too-large',
      `the image’s config has ${blob.size} bytes, at most ${MOST_CONFIG_BYTES} are read; build the image again with less history`,
    );
  const data = { digest: blob.digest, bytes: blob.size };
  return observed(pull.observer, 'fetch-config', data, pull.parent, async (act) => {
    const { cached } = await fetchInto(blob, 'config', { ...pull, parent: act }, () => {});
    const config = parseConfig(await pull.store.read(blob.digest), manifest.layers.length);
    requirePlatform(config, pull);
    return { value: config, data: { ...data, ...(cached ? { cached } : {}) } };
  });
}

/** An image without an index may be for another processor: better said now than by an `exec format error`. */
function requirePlatform(config: ImageConfig, { platform, reference }: Pull): void {
  if (config.os === '' && config.architecture === '') return;
  if (config.os === platform.os && config.architecture === platform.architecture) return;
  throw new ImageError(
    'no-platform',
    `${reference.familiar} is for ${platformText(config)}, not for ${platformText(platform)}; choose another tag or image`,
  );
}

async function fetchLayers(manifest: ImageManifest, config: ImageConfig, pull: Pull): Promise<PulledLayer[]> {
  const history = layerHistory(config);
  const chain = chainIds(config.rootfs.diff_ids);
  const stop = new AbortController();
  const signal = pull.signal ? AbortSignal.any([pull.signal, stop.signal]) : stop.signal;
  const layers: PulledLayer[] = [];
  const waiting = manifest.layers.entries();
  const worker = async () => {
    for (const [index, blob] of waiting) {
      const diffId = config.rootfs.diff_ids[index] ?? '';
      const place = { index, diffId, chainId: chain[index] ?? '' };
      layers[index] = await fetchLayer(blob, place, history[index], { ...pull, signal });
    }
  };
  const workers = Array.from({ length: Math.max(1, pull.settings.parallel) }, () =>
    worker().catch((error: unknown) => {
      // One layer that fails stops the others; its error is the one to tell.
      if (!stop.signal.aborted) stop.abort(error);
    }),
  );
  await Promise.all(workers);
  pull.signal?.throwIfAborted();
  stop.signal.throwIfAborted();
  return layers;
}

async function fetchLayer(
  blob: Descriptor,
  { index, diffId, chainId }: Pick<PulledLayer, 'index' | 'diffId' | 'chainId'>,
  createdBy: string | undefined,
  pull: Pull,
): Promise<PulledLayer> {
  const { digest, mediaType, size } = blob;
  const data = { index, digest, mediaType, totalBytes: size };
  const layer = await observed(pull.observer, 'fetch-layer', data, pull.parent, async (act) => {
    let got = 0;
    const tell = atMostEvery(100, () => act.progress({ bytes: got, totalBytes: size }));
    const report = await fetchInto(blob, `layer ${index + 1}`, { ...pull, parent: act }, (bytes) => {
      got = bytes;
      tell();
    });
    return { value: report, data: { bytes: size, ...report } };
  });
  const { cached = false } = layer;
  const made = createdBy === undefined ? {} : { createdBy };
  // One that was here already is told by whoever has it unpacked: twice would say nothing more.
  if (!cached) {
    const fetched = { index, digest, diffId, mediaType, bytes: size, ...made, cached };
    pull.observer.fact('has-layer', fetched, pull.parent);
  }
  return { index, digest, diffId, chainId, mediaType, bytes: size, ...made, cached };
}

async function fetchInto(
  blob: Descriptor,
  purpose: string,
  pull: Pull,
  onProgress: (bytes: number) => void,
): Promise<{ cached?: boolean; resumed?: number; attempts?: number }> {
  let came: { attempts?: number; resumed?: number } = {};
  const { cached } = await pull.store.write(
    blob,
    async (sink, signal) => {
      const { attempts, resumed } = await pull.repository.blob(
        blob,
        purpose,
        sink,
        { ...pull, signal },
        onProgress,
      );
      came = { attempts, ...(resumed > 0 ? { resumed } : {}) };
    },
    { full: pull.verifyCached, ...(pull.signal ? { signal: pull.signal } : {}) },
  );
  return cached ? { cached } : came;
}

/** Notes what the tag stands for, once all of it is here. */
async function remember(resolved: Resolved, { reference, store }: Pull): Promise<void> {
  if (reference.digest !== undefined || reference.tag === undefined) return;
  const size = await store.size(resolved.digest);
  if (size === undefined) return;
  const mediaType = isIndex(resolved.mediaType) || isManifest(resolved.mediaType) ? resolved.mediaType : '';
  await store.references.set(`${reference.domain}/${reference.path}`, reference.tag, {
    mediaType,
    digest: resolved.digest,
    size,
  });
}
