import { ImageError } from './error.ts';
import type { Descriptor, ImageIndex, Platform } from './manifest.ts';

// Go's names for Node's process.arch, as image indexes use them.
const ARCHITECTURES: Record<string, Platform> = {
  x64: { os: 'linux', architecture: 'amd64' },
  ia32: { os: 'linux', architecture: '386' },
  arm64: { os: 'linux', architecture: 'arm64', variant: 'v8' },
  arm: { os: 'linux', architecture: 'arm', variant: 'v7' },
  ppc64: { os: 'linux', architecture: 'ppc64le' },
  s390x: { os: 'linux', architecture: 's390x' },
  riscv64: { os: 'linux', architecture: 'riscv64' },
  loong64: { os: 'linux', architecture: 'loong64' },
};

/** The platform whose images run here; containers on any host are Linux containers. */
export function hostPlatform(arch: string = process.arch): Platform {
  return ARCHITECTURES[arch] ?? { os: 'linux', architecture: arch };
}

/** As docker writes it: `linux/arm64/v8`. */
export function platformText(platform: Platform): string {
  return [platform.os, platform.architecture, platform.variant].filter(Boolean).join('/');
}

/** Reads `linux/arm64/v8`, `arm64` or `linux/amd64`. Throws ImageError `no-platform`. */
export function parsePlatform(text: string): Platform {
  const parts = text.split('/');
  if (parts.length === 1) parts.unshift('linux');
  const [os = '', architecture = '', variant] = parts;
  if (parts.length > 3 || !/^[a-z0-9]+$/.test(os) || !/^[a-z0-9_]+$/.test(architecture))
    throw new ImageError(
      'no-platform',
      `${JSON.stringify(text)} is not a platform; write linux/amd64 or linux/arm64/v8`,
    );
  return { os, architecture, ...(variant ? { variant } : {}) };
}

/**
 * Chooses the manifest of an index for a platform: the same variant, else the nearest lower one (arm/v7 runs v6),
 * else one without a variant. Attestations and other artifacts (platform unknown/unknown) are never chosen.
 */
export function choosePlatform(index: ImageIndex, wanted: Platform): Descriptor {
  const real = index.manifests.filter(
    (entry) =>
      entry.annotations?.['vnd.docker.reference.type'] === undefined && entry.platform?.os !== 'unknown',
  );
  const ranked = real
    .map((entry) => ({ entry, rank: rankOf(entry, wanted) }))
    .filter(({ rank }) => rank >= 0)
    .sort((a, b) => b.rank - a.rank);
  const best = ranked[0]?.entry;
  if (best) return best;
  const offered = [...new Set(real.map(({ platform }) => (platform ? platformText(platform) : 'unnamed')))];
  throw new ImageError(
    'no-platform',
    `the image has nothing for ${platformText(wanted)}, only for ${offered.join(', ') || 'no platform at all'}; choose another tag or image`,
  );
}

/** Higher is better, below zero does not run. */
function rankOf({ platform }: Descriptor, wanted: Platform): number {
  if (!platform) return 0;
  if (platform.os !== wanted.os || platform.architecture !== wanted.architecture) return -1;
  const has = variantNumber(platform);
  const most = variantNumber(wanted);
  if (has === most) return 100;
  if (has === undefined) return 1;
  return most !== undefined && has < most ? 2 + has : -1;
}

function variantNumber({ architecture, variant }: Platform): number | undefined {
  if (variant === undefined) return architecture === 'arm64' ? 8 : undefined;
  const number = Number(/^v?(\d+)/.exec(variant)?.[1]);
  return Number.isFinite(number) ? number : undefined;
}
