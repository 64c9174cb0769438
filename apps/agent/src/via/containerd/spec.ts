import { mkdir, writeFile } from 'node:fs/promises';
import { dirname } from 'node:path';
import type { RunRequest } from '@underdock/trace';
import type { Tell } from '../../run/tell.ts';
import { type BuiltConfig, buildConfig } from '../embedded/bundle/config.ts';
import type { HostAbilities } from '../embedded/bundle/host.ts';
import type { ImageConfig } from '../embedded/bundle/imageConfig.ts';
import { viewRootfs } from './rootfsView.ts';
import type { Mount } from './unpack.ts';

/** What the configuration in `Containers/Create` is made from. */
export interface SpecWanted {
  id: string;
  request: RunRequest;
  image: ImageConfig;
  /** Those of the container’s snapshot. */
  mounts: readonly Mount[];
  /** For the files that the configuration mounts into the container. */
  folder: string;
  allowedMounts: readonly string[];
  host: HostAbilities;
}

/** Of the task's bundle, which containerd makes: there the shim mounts the snapshot. */
const ROOTFS = 'rootfs';

/**
 * Builds the OCI configuration as the embedded engine does, and writes the files it refers to. Containerd gets it inside of
 * `Containers/Create`, and lays it into the bundle as config.json.
 */
export async function makeSpec(wanted: SpecWanted, tell: Tell, cause: string[]): Promise<BuiltConfig> {
  const about = { cause, container: wanted.id, layer: 'client' } as const;
  const act = tell.begin('high-level/write-config', { path: 'config.json', ociVersion: '1.0.2' }, about);
  try {
    const built = await build(wanted);
    for (const { path, text } of built.files) {
      await mkdir(dirname(path), { recursive: true, mode: 0o755 });
      await writeFile(path, text, { mode: 0o644 });
    }
    act.end({ config: built.config, provenance: built.provenance });
    for (const one of built.absent)
      tell.log('low-level/absent', { ...one }, { cause: [act.span], container: wanted.id });
    return built;
  } catch (error) {
    act.fail(error);
    throw error;
  }
}

async function build({ mounts, folder, ...wanted }: SpecWanted): Promise<BuiltConfig> {
  const view = await viewRootfs(mounts, folder);
  try {
    const built = await buildConfig({ ...wanted, rootfs: '/', rootfsView: view.path, bundle: folder });
    const { root } = built.config;
    return { ...built, config: { ...built.config, root: { ...root, path: ROOTFS } } };
  } finally {
    await view.close();
  }
}
