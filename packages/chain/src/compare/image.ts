import type { TraceEvent } from '@underdock/trace';
import { object, text } from '../fields.ts';
import type { LookedThrough } from './side.ts';
import { DIGEST_KINDS, type DigestKind, type ImageComparison, type ImageDigest } from './types.ts';

type ImageSide = ImageComparison['sides'][number];

/**
 * Whether all traces are of one image. Roads name it by different digests: a registry by the manifest’s (or that of an index
 * of manifests), docker’s image id is the configuration’s. Only equal ones are recognized; nothing is concluded from names.
 */
export function compareImages(sides: readonly LookedThrough[]): ImageComparison {
  const images = sides.map(imageOf);
  return { sides: images, ...verdictOf(images) };
}

function imageOf({ trace, picture }: LookedThrough): ImageSide {
  const digests = new Map<string, DigestKind>();
  const add = (digest: string | undefined, kind: DigestKind) => {
    if (digest === undefined || !/^[a-z0-9]+:[0-9a-f]{32,}$/.test(digest)) return;
    const before = digests.get(digest);
    if (before === undefined || before === 'unknown') digests.set(digest, kind);
  };
  for (const event of trace.events) for (const { digest, kind } of digestsIn(event)) add(digest, kind);
  const layers = picture.layers.map(({ diffId }) => diffId);
  const reference = picture.reference ?? picture.image;
  return {
    ...(reference === undefined ? {} : { reference }),
    digests: [...digests].map(([digest, kind]) => ({ digest, kind })),
    layers: layers.every((diffId) => diffId !== undefined) ? layers : [],
  };
}

function digestsIn({ step, type, data }: TraceEvent): { digest: string | undefined; kind: DigestKind }[] {
  const told = { digest: text(data, 'configDigest'), kind: 'config' } as const;
  const kind = kindOf(text(data, 'mediaType'));
  switch (step) {
    case 'high-level/resolve-image':
      return type === 'end' ? [told, { digest: text(data, 'digest'), kind }] : [];
    case 'high-level/fetch-manifest':
      return type === 'end' ? [{ digest: text(data, 'digest'), kind }] : [];
    case 'high-level/fetch-config':
      return [{ digest: text(data, 'digest'), kind: 'config' }];
    case 'engine/has-container':
      // Engines with another image store name the manifest here: which one it is, equality tells.
      return [
        told,
        { digest: text(data, 'digest'), kind: 'unknown' },
        { digest: text(object(data, 'inspect') ?? {}, 'Image'), kind: 'unknown' },
      ];
    default:
      return [];
  }
}

function kindOf(mediaType: string | undefined): DigestKind {
  if (mediaType === undefined) return 'unknown';
  if (/image\.index|manifest\.list/.test(mediaType)) return 'index';
  return mediaType.includes('manifest') ? 'manifest' : 'unknown';
}

/** Weightiest first: a manifest names all of an image for one platform, its configuration too names all layers. */
const BY_WEIGHT: readonly DigestKind[] = ['manifest', 'config', 'index', 'unknown'];

function verdictOf(sides: readonly ImageSide[]): Omit<ImageComparison, 'sides'> {
  const [first, ...others] = sides;
  const shared = (first?.digests ?? []).filter(({ digest }) =>
    others.every(({ digests }) => digests.some((one) => one.digest === digest)),
  );
  const best = shared
    .map(({ digest }) => ({ digest, by: kindAmong(sides, digest) }))
    .sort((a, b) => BY_WEIGHT.indexOf(a.by) - BY_WEIGHT.indexOf(b.by))[0];
  if (best) return { verdict: 'same', ...best };
  const layered = sides.every(({ layers }) => layers.length > 0);
  if (layered) {
    const same = sides.every(({ layers }) => layers.join() === first!.layers.join());
    return { verdict: same ? 'same-layers' : 'differs', by: 'layers' };
  }
  const by = (['manifest', 'config'] as const).find((kind) =>
    sides.every(({ digests }) => digests.some((one) => one.kind === kind)),
  );
  return by ? { verdict: 'differs', by } : { verdict: 'unknown' };
}

/** What one trace doesn’t know of a digest another may. */
function kindAmong(sides: readonly ImageSide[], digest: string): DigestKind {
  const kinds = sides.flatMap(({ digests }) => digests.filter((one: ImageDigest) => one.digest === digest));
  return DIGEST_KINDS.find((kind) => kinds.some((one) => one.kind === kind)) ?? 'unknown';
}
