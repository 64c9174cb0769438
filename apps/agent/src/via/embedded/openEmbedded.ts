import { execFile } from 'node:child_process';
import { mkdir, mkdtemp, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { fileCalls } from '../../daemons/fileCalls.ts';
import { programPath } from '../../programs.ts';
import { createReaper, type Reaper } from '../../reaper.ts';
import { describeError } from '../../run/error.ts';
import type { Via } from '../via.ts';
import { type HostAbilities, prepareHostAbilities } from './bundle/host.ts';
import { cgroupFolders, removeEmptyCgroup } from './cgroupFiles.ts';
import type { EngineParts } from './containerParts.ts';
import { createEmbedded } from './embedded.ts';
import type { ImageSupply } from './highLevel.ts';
import { createRegistryImages } from './highLevelImages.ts';
import { removeKept } from './keptContainers.ts';
import { openByHand } from './lowLevel/byHand.ts';
import type { LowLevelRuntime } from './lowLevel/runtime.ts';
import { type FoundRuntime, findRuntimes } from './lowLevel/runtimes.ts';
import { markChildren } from './ownership.ts';
import { type Recovered, recover } from './recover.ts';
import { lockState } from './stateLock.ts';
import { openUserNamespace, overlayWorks, type UserNamespace } from './userNamespace.ts';

const run = promisify(execFile);

/** The embedded way in, ready to run, and what goes with it. */
export interface Embedded {
  via: Via;
  /** What earlier agents had left in the state directory, and what was done about it. */
  recovered: readonly Recovered[];
  /** What containers are made with, for another way in that does without an engine. */
  parts: EngineParts;
  runtimes: readonly FoundRuntime[];
  /** Removes a container that was kept, by its run's id, also one of an earlier agent. False when there is none. */
  removeKept(run: string): Promise<boolean>;
  /** Lets go of the state directory. Runs have to be over. */
  close(): void;
}

/** What the embedded way in is made with. */
export interface EmbeddedOptions {
  stateDir: string;
  /** `HOST:PORT` of the registry that serves the starter image; called when that image is asked for. */
  starter?: () => Promise<string>;
  /** Called once the state directory is ours: what should be begun beside the rest. */
  locked?: () => void;
  /** Programs that a request may name as its runtime by path; none by default. */
  allowedRuntimes?: readonly string[];
  /** Collects the containers' ends; by default this process becomes their reaper. */
  reaper?: Reaper;
  /** Where images come from; registries by default. */
  images?: ImageSupply;
}

/**
 * Locks the state directory, takes apart what earlier agents left in it, and looks for runtimes. Throws EmbeddedError
 * `state-in-use` or `state-unusable`.
 */
export async function openEmbedded(options: EmbeddedOptions): Promise<Embedded> {
  const { stateDir } = options;
  const unlock = lockState(stateDir);
  // Before anything is spawned: it must know which children are Node's to collect.
  const reaper = options.reaper ?? createReaper();
  try {
    options.locked?.();
    const host = await prepareHostAbilities();
    const byHand = (namespace?: UserNamespace) => openByHandIn(stateDir, namespace);
    const runtimes = await findRuntimes({ stateDir, host, byHand });
    const recovered = await recover(stateDir, runtimes);
    if (recovered.length > 0) removeEmptyParent(host);
    const unmark = markChildren(stateDir);
    const images = options.images ?? (await registryImages(options, host));
    const { allowedRuntimes = [] } = options;
    const parts = { runtimes, images, reaper, host, recovered, allowedRuntimes };
    return {
      via: createEmbedded(stateDir, parts),
      parts,
      recovered,
      runtimes: runtimes.found,
      removeKept: (id) => removeKept(stateDir, id),
      close() {
        reaper.close();
        unmark();
        removeEmptyParent(host);
        unlock();
      },
    };
  } catch (error) {
    reaper.close();
    unlock();
    throw error;
  }
}

/** The cgroup above all containers' goes with the last of them; where another agent has some, the kernel keeps it. */
function removeEmptyParent({ cgroup }: HostAbilities): void {
  if (!cgroup.parent || cgroup.parent === '/') return;
  for (const folder of cgroupFolders(cgroup.parent)) removeEmptyCgroup(folder);
}

function openByHandIn(stateDir: string, namespace: UserNamespace | undefined): Promise<LowLevelRuntime> {
  const root = join(stateDir, 'runtime', 'by-hand');
  if (!namespace) return openByHand({ root });
  const { mappings } = namespace;
  return openByHand({ root, userNamespace: { wrap: (argv) => namespace.wrap(argv), mappings } });
}

async function registryImages(options: EmbeddedOptions, host: HostAbilities): Promise<ImageSupply> {
  const noOverlay = await overlayRefusal(options.stateDir, host);
  return createRegistryImages({
    stateDir: options.stateDir,
    calls: fileCalls,
    attributes: host.root ? 'trusted' : 'user',
    ...(options.starter ? { starter: options.starter } : {}),
    ...(noOverlay ? { noOverlay } : {}),
  });
}

/** Tries an overlay on the state directory's filesystem, in a mount namespace of its own. Resolves with why not. */
async function overlayRefusal(stateDir: string, host: HostAbilities): Promise<string | undefined> {
  if (!host.root) return overlayRefusalInside(stateDir);
  const folder = await mkdtemp(join(stateDir, 'try-overlay-'));
  try {
    for (const name of ['lower', 'upper', 'work', 'target']) await mkdir(join(folder, name));
    const options = 'lowerdir=lower,upperdir=upper,workdir=work';
    const script = `mount -t overlay overlay -o ${options} target`;
    await run(programPath('unshare'), ['-m', 'sh', '-c', script], { cwd: folder, timeout: 10_000 });
    return undefined;
  } catch (error) {
    const said = String((error as { stderr?: string }).stderr || (error as Error).message);
    return `overlay was refused: ${said.trim().replace(/\s+/g, ' ').slice(0, 300)}`;
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

async function overlayRefusalInside(stateDir: string): Promise<string | undefined> {
  try {
    const namespace = await openUserNamespace();
    const works = await overlayWorks(namespace, stateDir).finally(() => namespace.close());
    return works ? undefined : 'overlay was refused in a user namespace (it needs Linux 5.11)';
  } catch (error) {
    return describeError(error).message;
  }
}
