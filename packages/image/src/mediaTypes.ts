export const OCI_INDEX = 'application/vnd.oci.image.index.v1+json';
export const OCI_MANIFEST = 'application/vnd.oci.image.manifest.v1+json';
export const OCI_CONFIG = 'application/vnd.oci.image.config.v1+json';
export const OCI_LAYER = 'application/vnd.oci.image.layer.v1.tar';
export const DOCKER_LIST = 'application/vnd.docker.distribution.manifest.list.v2+json';
export const DOCKER_MANIFEST = 'application/vnd.docker.distribution.manifest.v2+json';
export const DOCKER_CONFIG = 'application/vnd.docker.container.image.v1+json';

/** What underdock tells a registry it can read. */
export const ACCEPTED_MANIFESTS = [OCI_INDEX, OCI_MANIFEST, DOCKER_LIST, DOCKER_MANIFEST];

/** An index of manifests for several platforms. */
export const isIndex = (type: string): boolean => type === OCI_INDEX || type === DOCKER_LIST;

/** A manifest of one image. */
export const isManifest = (type: string): boolean => type === OCI_MANIFEST || type === DOCKER_MANIFEST;

/** Docker's first schema: signed, without a config, no longer served by most registries. */
export const isSchema1 = (type: string): boolean =>
  /^application\/vnd\.docker\.distribution\.manifest\.v1\+(json|prettyjws)$/.test(type);

const LAYER =
  /^application\/vnd\.(oci\.image\.layer(\.nondistributable)?\.v1\.tar(\+(gzip|zstd))?|docker\.image\.rootfs\.(diff|foreign\.diff)\.tar(\.(gzip|zstd))?)$/;

/** A layer that is a tar archive, compressed or not. */
export const isLayer = (type: string): boolean => LAYER.test(type);

export type Compression = 'gzip' | 'zstd' | 'none';

/** The compression that a layer’s media type promises; the bytes’ own magic number is what counts when unpacking. */
export function compressionOf(type: string): Compression {
  if (/[+.]gzip$/.test(type)) return 'gzip';
  return /[+.]zstd$/.test(type) ? 'zstd' : 'none';
}
