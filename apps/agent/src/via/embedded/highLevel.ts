import type { RunRequest } from '@underdock/trace';
import { openTerminal } from '../../kernelCalls.ts';
import type { Tell } from '../../run/tell.ts';
import { writeBundle } from './bundle/bundle.ts';
import { type BuiltConfig, buildConfig } from './bundle/config.ts';
import type { HostAbilities } from './bundle/host.ts';
import type { ImageConfig } from './bundle/imageConfig.ts';
import type { IdMappings } from './idMappings.ts';
import type { ImageLayers, LowLevelRuntime, Stdio } from './lowLevel/runtime.ts';
import { type Attached, attach, type OutputSink } from './stdio.ts';

/** An image that is here, unpacked. */
export interface UnpackedImage {
  /** As the user would write it, with the registry's answer as digest. */
  reference: string;
  config: ImageConfig;
  /** Folders of the layers, lowest first, whiteouts as overlayfs has them. */
  layers: string[];
  layersFolder: string;
  /** Why it must be copied: then `layers` is one plain tree. */
  noOverlay?: string;
}

/** Where images come from: a registry's, or whatever a test gives. */
export interface ImageSupply {
  /** Makes an image whole and unpacked, and tells how. Rejects with an error that has `code`, `message` and `remedy`. */
  supply(wanted: ImageWanted, tell: Tell, cause: string): Promise<UnpackedImage>;
}

/** Which image, for whom. */
export interface ImageWanted {
  reference: string;
  plainHttp: boolean;
  container: string;
  signal: AbortSignal;
}

/** What config.json is made from. */
export interface ConfigWanted {
  id: string;
  request: RunRequest;
  image: ImageConfig;
  rootfs: string;
  bundle: string;
  allowedMounts: readonly string[];
  host: HostAbilities;
  seccomp: boolean;
  /** For an ordinary user: the namespace around it all, and where its root filesystem can be read from outside. */
  userNamespace?: { mappings: IdMappings; held: boolean };
  rootfsView?: string;
  /** Has the last word on what is written. */
  edit?: (built: BuiltConfig) => BuiltConfig;
}

/** Builds config.json and writes the bundle, told as `high-level/write-config`. */
export async function writeConfig(wanted: ConfigWanted, tell: Tell, cause: string): Promise<BuiltConfig> {
  const path = `${wanted.bundle}/config.json`;
  const about = { cause: [cause], container: wanted.id };
  const act = tell.begin('high-level/write-config', { path, ociVersion: '1.0.2' }, about);
  try {
    const prepared = await buildConfig(wanted);
    const built = wanted.edit?.(prepared) ?? prepared;
    await writeBundle(built, wanted.bundle);
    act.end({ config: built.config, provenance: built.provenance });
    for (const one of built.absent) tell.log('low-level/absent', { ...one }, { ...about, cause: [act.span] });
    return built;
  } catch (error) {
    act.fail(error);
    throw error;
  }
}

/** A container whose init process waits for `startTask`. */
export interface CreatedTask {
  pid: number;
  attached: Attached;
}

/** What a task is made from. */
export interface TaskWanted {
  id: string;
  bundle: string;
  config: BuiltConfig['config'];
  interactive: boolean;
  sink: OutputSink;
  /** What the root filesystem was made from. */
  image?: ImageLayers;
}

/** Opens the streams and lets the low-level runtime create the container; leaves no stream open when it rejects. */
export async function createTask(
  runtime: LowLevelRuntime,
  wanted: TaskWanted,
  tell: Tell,
  cause: string,
): Promise<CreatedTask> {
  const { id, bundle, config } = wanted;
  const act = tell.begin(
    'high-level/create-task',
    { bundle, runtime: runtime.name },
    { cause: [cause], container: id },
  );
  const tty = config.process.terminal;
  const attached = attach({ interactive: wanted.interactive, tty }, wanted.sink);
  try {
    const stdio = tty && !runtime.makesConsole ? givenConsole(attached) : attached.stdio;
    const from = wanted.image ? { image: wanted.image } : {};
    const made = await runtime.create({ id, bundle, config, stdio, cause: act.span, ...from }, tell);
    const master = made.console ?? stdio.console?.master;
    if (master !== undefined) attached.terminal(master);
    attached.handedOver();
    act.end({ pid: made.pid });
    return { pid: made.pid, attached };
  } catch (error) {
    attached.close();
    act.fail(error);
    throw error;
  }
}

function givenConsole(attached: Attached): Stdio {
  return { ...attached.stdio, console: openTerminal() };
}

/** Lets the waiting process go on to the container's own program. */
export async function startTask(
  runtime: LowLevelRuntime,
  id: string,
  tell: Tell,
  cause: string,
): Promise<void> {
  const act = tell.begin('high-level/start-task', {}, { cause: [cause], container: id });
  try {
    await runtime.start(id, tell, act.span);
    act.end();
  } catch (error) {
    act.fail(error);
    throw error;
  }
}

/** Takes apart what the low-level runtime made. */
export async function deleteTask(
  runtime: LowLevelRuntime,
  id: string,
  tell: Tell,
  cause: string,
): Promise<void> {
  const act = tell.begin('high-level/delete-task', {}, { cause: [cause], container: id });
  try {
    await runtime.delete(id, tell, act.span, true);
    act.end();
  } catch (error) {
    act.fail(error);
    throw error;
  }
}
