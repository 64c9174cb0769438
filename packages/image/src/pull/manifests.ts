import { ImageError } from '../error.ts';
import {
  type ImageConfig,
  type ImageManifest,
  type Platform,
  parseConfig,
  parseManifest,
} from '../manifest.ts';
import { observed } from '../observer.ts';
import { choosePlatform, platformText } from '../platform.ts';
import { MOST_MANIFEST_BYTES } from '../registry/repository.ts';
import { fetchInto } from './blob.ts';
import type { Pull, Resolved } from './carried.ts';

// An image's config holds its history; the largest seen are some hundred kilobytes.
const MOST_CONFIG_BYTES = 16 * 1024 * 1024;

/** The manifest for the platform, read by way of the index where there is one. */
export async function manifestFor(
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

/** The image’s config, checked to be for the platform. */
export async function fetchConfig(manifest: ImageManifest, pull: Pull): Promise<ImageConfig> {
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
