import { isDigest } from './digest.ts';
import { ImageError } from './error.ts';
import { isIndex, isLayer, isManifest, isSchema1, OCI_INDEX, OCI_MANIFEST } from './mediaTypes.ts';

/** A pointer to content (OCI image spec, descriptor.md). */
export interface Descriptor {
  mediaType: string;
  digest: string;
  size: number;
  annotations?: Record<string, string>;
  platform?: Platform;
}

export interface Platform {
  os: string;
  architecture: string;
  variant?: string;
}

export interface ImageIndex {
  mediaType: string;
  manifests: Descriptor[];
}

export interface ImageManifest {
  mediaType: string;
  config: Descriptor;
  layers: Descriptor[];
}

/** The part of an image's config (OCI image spec, config.md) that a container is made from. */
export interface ImageConfig {
  os: string;
  architecture: string;
  variant?: string;
  created?: string;
  config: {
    User?: string;
    Env?: string[];
    Entrypoint?: string[];
    Cmd?: string[];
    WorkingDir?: string;
    ExposedPorts?: Record<string, unknown>;
    Volumes?: Record<string, unknown>;
    Labels?: Record<string, string>;
    StopSignal?: string;
  };
  rootfs: { type: 'layers'; diff_ids: string[] };
  history: { created?: string; created_by?: string; comment?: string; empty_layer?: boolean }[];
}

// More layers than any overlay mount takes; and what a manifest of that many needs.
const MOST_LAYERS = 500;
const LARGEST_BLOB = 2 ** 46;

type Json = Record<string, unknown>;

function jsonObject(bytes: Uint8Array, what: string): Json {
  let value: unknown;
  try {
    value = JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(bytes));
  } catch (cause) {
    throw badManifest(`${what} is not JSON`, cause);
  }
  if (typeof value !== 'object' || value === null || Array.isArray(value))
    throw badManifest(`${what} is not a JSON object`);
  return value as Json;
}

function badManifest(why: string, cause?: unknown): ImageError {
  return new ImageError('bad-manifest', `${why}; the image must be built or pushed again`, { cause });
}

/** Reads a manifest or index. `mediaType` is what the registry or the descriptor said; the document may say it itself. */
export function parseManifest(bytes: Uint8Array, mediaType: string): ImageIndex | ImageManifest {
  const json = jsonObject(bytes, 'the manifest');
  const type = manifestType(json, mediaType);
  if (isIndex(type)) return { mediaType: type, manifests: descriptors(json.manifests, 'manifests') };
  const layers = descriptors(json.layers, 'layers');
  if (layers.length > MOST_LAYERS)
    throw badManifest(`the manifest names ${layers.length} layers, at most ${MOST_LAYERS} are allowed`);
  const config = descriptor(json.config, 'config');
  for (const layer of layers) requireLayer(layer);
  return { mediaType: type, config, layers };
}

function manifestType(json: Json, said: string): string {
  const own = typeof json.mediaType === 'string' ? json.mediaType : undefined;
  const type = own ?? said.split(';', 1)[0]?.trim() ?? '';
  if (isSchema1(type) || json.schemaVersion === 1)
    throw new ImageError(
      'unsupported-media-type',
      'the image has docker’s old manifest schema 1, which can’t be verified; pull and push it again with a current docker or skopeo copy',
    );
  if (json.schemaVersion !== 2) throw badManifest('the manifest’s schemaVersion is not 2');
  if (isIndex(type) || isManifest(type)) {
    if (isIndex(type) && json.layers !== undefined) throw badManifest('an image index must not have layers');
    return type;
  }
  if (own === undefined && Array.isArray(json.manifests) && json.layers === undefined) return OCI_INDEX;
  if (own === undefined && Array.isArray(json.layers)) return OCI_MANIFEST;
  throw new ImageError(
    'unsupported-media-type',
    `${JSON.stringify(type)} is not a manifest of a container image; give the name of an image`,
  );
}

function requireLayer(layer: Descriptor): void {
  if (!isLayer(layer.mediaType))
    throw new ImageError(
      'unsupported-media-type',
      `the layer ${layer.digest} has media type ${JSON.stringify(layer.mediaType)}; only tar layers (plain, gzip, zstd) can be unpacked`,
    );
}

function descriptors(value: unknown, where: string): Descriptor[] {
  if (!Array.isArray(value)) throw badManifest(`the manifest’s ${where} is not a list`);
  return value.map((item, index) => descriptor(item, `${where}[${index}]`));
}

function descriptor(value: unknown, where: string): Descriptor {
  const item = (value ?? {}) as Json;
  const { mediaType, digest, size } = item;
  if (typeof mediaType !== 'string') throw badManifest(`${where} has no mediaType`);
  if (!isDigest(digest))
    throw badManifest(
      `${where} has the digest ${JSON.stringify(digest)?.slice(0, 100)}, not sha256 or sha512`,
    );
  if (!Number.isSafeInteger(size) || (size as number) < 0 || (size as number) > LARGEST_BLOB)
    throw badManifest(`${where} has the size ${JSON.stringify(size)}`);
  const platform = item.platform as Json | undefined;
  return {
    mediaType,
    digest,
    size: size as number,
    ...(isTextMap(item.annotations) ? { annotations: item.annotations } : {}),
    ...(platform && typeof platform === 'object' ? { platform: platformOf(platform) } : {}),
  };
}

function platformOf(json: Json): Platform {
  return {
    os: String(json.os ?? ''),
    architecture: String(json.architecture ?? ''),
    ...(typeof json.variant === 'string' ? { variant: json.variant } : {}),
  };
}

function isTextMap(value: unknown): value is Record<string, string> {
  return (
    typeof value === 'object' && value !== null && Object.values(value).every((v) => typeof v === 'string')
  );
}

const isTextList = (value: unknown): value is string[] =>
  Array.isArray(value) && value.every((item) => typeof item === 'string');

/** Reads an image's config; throws ImageError `bad-manifest` if it doesn't name one diffId for each of the layers. */
export function parseConfig(bytes: Uint8Array, layers: number): ImageConfig {
  const json = jsonObject(bytes, 'the image’s config');
  const rootfs = (json.rootfs ?? {}) as Json;
  const diffIds = rootfs.diff_ids;
  if (!Array.isArray(diffIds) || !diffIds.every(isDigest))
    throw badManifest('the config’s rootfs.diff_ids is not a list of digests');
  if (diffIds.length !== layers)
    throw badManifest(`the config names ${diffIds.length} layers and the manifest ${layers}`);
  return {
    ...platformOf(json),
    ...(typeof json.created === 'string' ? { created: json.created } : {}),
    config: containerConfig((json.config ?? {}) as Json),
    rootfs: { type: 'layers', diff_ids: diffIds },
    history: Array.isArray(json.history)
      ? json.history.filter((h) => typeof h === 'object' && h !== null)
      : [],
  };
}

function containerConfig(json: Json): ImageConfig['config'] {
  const text = (key: string) => (typeof json[key] === 'string' ? { [key]: json[key] } : {});
  const list = (key: string) => {
    const value = json[key];
    if (value === undefined || value === null) return {};
    if (!isTextList(value)) throw badManifest(`the config’s ${key} is not a list of texts`);
    return { [key]: value };
  };
  const map = (key: string) =>
    typeof json[key] === 'object' && json[key] !== null && !Array.isArray(json[key])
      ? { [key]: json[key] }
      : {};
  return {
    ...text('User'),
    ...text('WorkingDir'),
    ...text('StopSignal'),
    ...list('Env'),
    ...list('Entrypoint'),
    ...list('Cmd'),
    ...map('ExposedPorts'),
    ...map('Volumes'),
    ...map('Labels'),
  };
}

/** The history entry (`created_by`) of each layer, in order; undefined where the image doesn't say. */
export function layerHistory(config: ImageConfig): (string | undefined)[] {
  const made = config.history.filter((entry) => entry.empty_layer !== true);
  const fits = made.length === config.rootfs.diff_ids.length;
  return config.rootfs.diff_ids.map((_, index) => {
    const by = fits ? made[index]?.created_by : undefined;
    return typeof by === 'string' ? by : undefined;
  });
}
