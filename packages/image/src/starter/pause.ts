import { spawnSync } from 'node:child_process';
import { ImageError } from '../error.ts';
import { OCI_CONFIG, OCI_MANIFEST } from '../mediaTypes.ts';
import { hostPlatform } from '../platform.ts';
import type { Store } from '../store.ts';
import { LayerTar, storeLayer } from './layerTar.ts';
import { Libraries } from './libraries.ts';
import { addProgram, addRootLinks, findBusybox, findProgramFile } from './tools.ts';

const MADE_AT = new Date('2026-01-01T00:00:00Z');
/** The longest that every sleep understands, about 68 years: `infinity` is GNU’s alone. */
const LONGEST = '2147483647';

/** The repository of the pause image in a store; its tag is `latest`. */
export const PAUSE_REPOSITORY = 'pause';

/** The pause image, as it now lies in the store. */
export interface PauseImage {
  digest: string;
  entrypoint: string[];
  /** What it was made of, in words. */
  from: string;
}

/**
 * Builds a pod’s pause image out of this host’s own files: one program that does nothing but hold the pod’s namespaces open.
 * It is the host’s `sleep`, and its history says so: Kubernetes’ own pause also collects the ends of orphans.
 * Throws ImageError `no-tools` where there is none.
 */
export async function buildPause(store: Store, root = '/'): Promise<PauseImage> {
  const layer = new LayerTar(MADE_AT);
  const { entrypoint, from } = addPause(layer, root);
  const stored = await storeLayer(await layer.bytes(), 'gzip', store);
  const created = MADE_AT.toISOString();
  const createdBy = `underdock: copy ${from}, which sleeps, in the place of Kubernetes’ pause`;
  const config = await store.put(
    JSON.stringify({
      created,
      ...hostPlatform(),
      config: { Entrypoint: entrypoint, WorkingDir: '/' },
      rootfs: { type: 'layers', diff_ids: [stored.diffId] },
      history: [{ created, created_by: createdBy }],
    }),
  );
  const manifest = await store.put(
    JSON.stringify({
      schemaVersion: 2,
      mediaType: OCI_MANIFEST,
      config: { mediaType: OCI_CONFIG, ...config },
      layers: [stored.descriptor],
    }),
  );
  await store.references.set(PAUSE_REPOSITORY, 'latest', { mediaType: OCI_MANIFEST, ...manifest });
  return { digest: manifest.digest, entrypoint, from };
}

/** As `/pause`, so that the process is called by what it is for; a program of many names keeps its own. */
function addPause(layer: LayerTar, root: string): Omit<PauseImage, 'digest'> {
  const libraries = new Libraries(root);
  addRootLinks(layer, root);
  const sleep = findProgramFile(libraries, 'sleep');
  if (sleep !== undefined && worksAsPause(sleep) && addProgram(layer, libraries, sleep, '/pause'))
    return { entrypoint: ['/pause', LONGEST], from: 'the host’s sleep as /pause' };
  const busybox = findBusybox(libraries);
  if (busybox !== undefined && addProgram(layer, libraries, busybox, '/busybox'))
    return { entrypoint: ['/busybox', 'sleep', LONGEST], from: 'the host’s busybox' };
  throw new ImageError(
    'no-tools',
    'this host has no sleep that could be put into the pause image; install coreutils or busybox-static and try again',
  );
}

function worksAsPause(sleep: string): boolean {
  const { status } = spawnSync(sleep, ['0'], { argv0: '/pause', timeout: 5000, env: {}, stdio: 'ignore' });
  return status === 0;
}
