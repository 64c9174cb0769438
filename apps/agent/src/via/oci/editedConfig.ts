import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { BuiltConfig } from '../embedded/bundle/config.ts';
import type { OciConfig, OciMount } from '../embedded/bundle/ociConfig.ts';
import { type MountSource, userMounts } from '../embedded/bundle/volumes.ts';
import { EmbeddedError } from '../embedded/error.ts';
import { imageBundle, type MadeBundle, type MakeBundle } from '../embedded/imageBundle.ts';
import { type ConfigFault, faultsOf, refuseFaults } from './configFaults.ts';
import { addedMounts, isBindMount, wideningOf } from './configFreedom.ts';
import { prettyJson } from './prettyJson.ts';

/** How paths of the bundle stand in a text that is shown and edited: the run's own folder is not known then. */
export const SHOWN_ROOTFS = 'rootfs';

/** Throws EmbeddedError `bad-config` for a text that is no config.json. */
export function checkEdited(text: string): OciConfig {
  const { faults, config } = faultsOf(text);
  refuseFaults(faults, 'the edited config.json');
  return config as OciConfig;
}

/** The configuration as it is shown: paths below the bundle's folder, and no cgroup yet. */
export function shownConfig(config: OciConfig, bundle: string): OciConfig {
  const { cgroupsPath: _own, ...linux } = config.linux;
  const mounts = config.mounts.map((mount) =>
    mount.source.startsWith(`${bundle}/`)
      ? { ...mount, source: mount.source.slice(bundle.length + 1) }
      : mount,
  );
  return { ...config, root: { ...config.root, path: SHOWN_ROOTFS }, mounts, linux };
}

/** How far an edit may go. */
export interface EditFreedom {
  /** As far as it likes. */
  isFree: boolean;
  /** Full names of capabilities that it may give although they reach the host; ALL = any. */
  allowedCapabilities: readonly string[];
}

/** What of the edit goes beyond what flags may ask for; `cgroupsPath` is the run's own on every road. */
export function refusedEdits(shown: OciConfig, edited: OciConfig, freedom: EditFreedom): ConfigFault[] {
  const own: ConfigFault[] =
    edited.linux?.cgroupsPath === undefined
      ? []
      : [{ field: 'linux.cgroupsPath', message: 'is set by underdock, below its own cgroup: leave it out' }];
  // Numbers that were kept digit by digit can't be compared.
  const plain = JSON.parse(JSON.stringify(edited)) as OciConfig;
  return [...own, ...(freedom.isFree ? [] : wideningOf(shown, plain, freedom.allowedCapabilities))];
}

/** A bundle of the request's image whose config.json is the edited one. */
export function editedBundle(text: string, freedom: EditFreedom): MakeBundle {
  return async (ground, span) => {
    const edited = checkEdited(text);
    ground.context.learnEnv?.(edited.process.env ?? []);
    const bundle = join(ground.journal.folder, 'bundle');
    let shown: OciConfig | undefined;
    const made = await imageBundle((built) => {
      shown = shownConfig(built.config, bundle);
      refuseEdits(refusedEdits(shown, edited, freedom));
      return {
        ...built,
        config: placed(edited, built.config, bundle),
        provenance: editedFields(built, shown, edited),
      };
    })(ground, span);
    const sources =
      freedom.isFree || !shown ? [] : await mountedFolders(shown, edited, ground.context.allowedMounts);
    return { ...made, built: { ...made.built, sources: [...made.built.sources, ...sources] } };
  };
}

/** Throws EmbeddedError `config-not-allowed` that names the fields. */
export function refuseEdits(faults: readonly ConfigFault[]): void {
  const [first] = faults;
  if (!first) return;
  const fields = faults.map(({ field, message }) => `${field} ${message}`).slice(0, 5);
  throw new EmbeddedError(
    'config-not-allowed',
    `this config.json asks for more than flags may: ${fields.join('; ')}`,
    {
      remedy: `put ${first.field} back as it was, or start underdock with --allow-config: who may run then is root here`,
    },
  );
}

function placed(edited: OciConfig, built: OciConfig, bundle: string): OciConfig {
  const { cgroupsPath } = built.linux;
  const isOwn = edited.root.path === SHOWN_ROOTFS;
  return {
    ...edited,
    root: isOwn ? { ...edited.root, path: built.root.path } : edited.root,
    mounts: (edited.mounts ?? []).map((mount) => inBundle(mount, bundle)),
    linux: {
      ...edited.linux,
      namespaces: edited.linux?.namespaces ?? [],
      ...(cgroupsPath ? { cgroupsPath } : {}),
    },
  };
}

/** A bind mount's source is relative to the bundle unless it begins with a slash (config.md, "Mounts"). */
export function inBundle(mount: OciMount, bundle: string): OciMount {
  return isBindMount(mount) && mount.source && !mount.source.startsWith('/')
    ? { ...mount, source: join(bundle, mount.source) }
    : mount;
}

function editedFields(built: BuiltConfig, shown: OciConfig, edited: OciConfig): BuiltConfig['provenance'] {
  const changed = changedFields('', shown, edited);
  const kept = built.provenance.filter(({ field }) => !changed.some((one) => field.startsWith(one.field)));
  return [
    ...kept,
    ...changed.map(({ field, value }) => ({ flag: '--config', from: 'flag' as const, field, value })),
  ];
}

function changedFields(at: string, before: unknown, after: unknown): { field: string; value: unknown }[] {
  if (JSON.stringify(before) === JSON.stringify(after)) return [];
  const isObject = (one: unknown) => typeof one === 'object' && one !== null && !Array.isArray(one);
  if (!isObject(before) || !isObject(after)) return [{ field: at, value: after ?? null }];
  const [old, now] = [before as Record<string, unknown>, after as Record<string, unknown>];
  return [...new Set([...Object.keys(old), ...Object.keys(now)])].flatMap((key) =>
    changedFields(at === '' ? key : `${at}.${key}`, old[key], now[key]),
  );
}

/** Folders of the host that the edit mounts: looked at as `--mount` looks at its own, so that none can be exchanged. */
export async function mountedFolders(
  shown: OciConfig,
  edited: OciConfig,
  allowedMounts: readonly string[],
): Promise<MountSource[]> {
  const binds = addedMounts(shown, edited).filter(isBindMount);
  const quoted = (text: string) => `"${text.replaceAll('"', '""')}"`;
  const mount = binds.map(
    ({ source, destination }) => `type=bind,${quoted(`source=${source}`)},${quoted(`target=${destination}`)}`,
  );
  const found = await userMounts({ volume: [], mount }, allowedMounts);
  return found.flatMap(({ source }) => source ?? []);
}

/** Tells that the written config.json was held against the runtime spec; a fault there ends the run. */
export function checkedBundle(make: MakeBundle): MakeBundle {
  return async (ground, span) => {
    const made = await make(ground, span);
    const path = join(made.folder, 'config.json');
    const { tell } = ground.context;
    const act = tell.begin('client/check-config', { path }, { cause: [span], container: ground.id });
    try {
      const text = prettyJson(made.built.config);
      const { faults } = faultsOf(text);
      refuseFaults(faults, path);
      await writeFile(path, `${text}\n`, { mode: 0o600 });
      act.end({ ociVersion: made.built.config.ociVersion, faults: [] });
      return made satisfies MadeBundle;
    } catch (error) {
      act.fail(error);
      throw error;
    }
  };
}
