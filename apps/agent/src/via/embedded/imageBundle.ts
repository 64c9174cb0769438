import { basename, join } from 'node:path';
import type { RunRequest } from '@underdock/trace';
import type { ViaContext } from '../via.ts';
import type { BuiltConfig } from './bundle/config.ts';
import type { HostAbilities } from './bundle/host.ts';
import { type ImageSupply, type UnpackedImage, writeConfig } from './highLevel.ts';
import { prepareSnapshot, type Snapshot } from './highLevelSnapshot.ts';
import type { Journal } from './journal.ts';
import type { LowLevelRuntime } from './lowLevel/runtime.ts';
import type { Undo } from './undo.ts';
import type { UserNamespace } from './userNamespace.ts';

/** What a bundle is made with, and for whom. */
export interface BundleGround {
  id: string;
  request: RunRequest;
  signal: AbortSignal;
  runtime: LowLevelRuntime;
  images: ImageSupply;
  host: HostAbilities;
  context: ViaContext;
  journal: Journal;
  undo: Undo;
  /** For an ordinary user: where mounts are made. */
  namespace: UserNamespace | undefined;
  /** Span of the act that takes it apart, and whether its files stay: known only then. */
  unmaking: Readonly<{ span: string; keep: boolean }>;
}

/** A bundle that is ready for a low-level runtime. */
export interface MadeBundle {
  folder: string;
  built: BuiltConfig;
  /** Absent for one that somebody brought along. */
  image?: UnpackedImage;
}

/** Makes a bundle, caused by `span`; what it made is in `undo`, also when it rejects. */
export type MakeBundle = (ground: BundleGround, span: string) => Promise<MadeBundle>;

/** A bundle out of the image that the request names; `edit` has the last word on its configuration. */
export function imageBundle(edit?: (built: BuiltConfig) => BuiltConfig): MakeBundle {
  return async (ground, span) => {
    const { request, id, signal, context } = ground;
    const wanted = { reference: request.image, plainHttp: request.plainHttp, container: id, signal };
    const image = await ground.images.supply(wanted, context.tell, span);
    context.learnEnv?.(image.config.Env ?? []);
    signal.throwIfAborted();
    const snapshot = await snapshotOf(image, ground, span);
    signal.throwIfAborted();
    const folder = join(ground.journal.folder, 'bundle');
    const built = await configOf(image, snapshot.target, folder, ground, span, edit);
    return { folder, built, image };
  };
}

async function snapshotOf(image: UnpackedImage, ground: BundleGround, span: string): Promise<Snapshot> {
  const { journal, namespace, undo, unmaking } = ground;
  const { tell } = ground.context;
  const { layers, layersFolder, noOverlay } = image;
  journal.change({ layers: layers.map((layer) => basename(layer)) });
  const snapshot = await prepareSnapshot(
    {
      container: ground.id,
      layers,
      layersFolder,
      folder: journal.folder,
      ...(noOverlay ? { noOverlay } : {}),
      ...(namespace ? { namespace } : {}),
    },
    tell,
    span,
  );
  undo.add('the snapshot', () => snapshot.remove(tell, unmaking.span, unmaking.keep));
  return snapshot;
}

function configOf(
  image: UnpackedImage,
  rootfs: string,
  bundle: string,
  ground: BundleGround,
  span: string,
  edit?: (built: BuiltConfig) => BuiltConfig,
): Promise<BuiltConfig> {
  const { request, id, host, namespace, runtime } = ground;
  const { tell, allowedMounts } = ground.context;
  const inside = namespace && {
    rootfsView: namespace.view(rootfs),
    userNamespace: { mappings: namespace.mappings, held: true },
  };
  const seccomp = runtime.name !== 'by-hand';
  const wanted = { id, request, image: image.config, rootfs, bundle, allowedMounts, host, seccomp };
  return writeConfig({ ...wanted, ...inside, ...(edit ? { edit } : {}) }, tell, span);
}
