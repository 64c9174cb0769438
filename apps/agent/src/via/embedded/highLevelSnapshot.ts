import { mkdir } from 'node:fs/promises';
import { join, relative } from 'node:path';
import type { Tell, Telling } from '../../run/tell.ts';
import { runCommand } from './command.ts';
import { EmbeddedError } from './error.ts';
import { copyLayers } from './highLevelCopy.ts';
import { removeAll } from './removal.ts';
import type { UserNamespace } from './userNamespace.ts';

/** A root filesystem that a container may write to, made of an image's layers. */
export interface Snapshot {
  kind: 'overlay' | 'copy';
  /** Absolute path of the tree. */
  target: string;
  /** Unmounts it; with `keep` what the container wrote stays in its folder. */
  remove(tell: Tell, cause: string, keep: boolean): Promise<void>;
}

/** What a snapshot is made from. */
export interface SnapshotInput {
  container: string;
  /** Folders of the unpacked layers, lowest first, whiteouts as overlayfs has them. */
  layers: string[];
  /** Folder of all layers: `mount` runs there, so that its options stay short. */
  layersFolder: string;
  /** The run's folder. */
  folder: string;
  /** Why overlay is not even tried. */
  noOverlay?: string;
  /** Where an ordinary user's mounts are made. */
  namespace?: UserNamespace;
}

/** Mounts an overlay, or copies where the kernel refuses one; leaves nothing when it rejects. */
export async function prepareSnapshot(input: SnapshotInput, tell: Tell, cause: string): Promise<Snapshot> {
  const paths = snapshotPaths(input.folder);
  const act = tell.begin(
    'high-level/prepare-snapshot',
    { kind: input.noOverlay ? 'copy' : 'overlay', lower: input.layers, ...paths },
    { cause: [cause], container: input.container },
  );
  try {
    const refused = input.noOverlay ?? (await mountOverlay(input, paths, act, tell));
    if (refused !== undefined) await copyLayers(input.layers, paths.target, (data) => act.progress(data));
    const kind: Snapshot['kind'] = refused === undefined ? 'overlay' : 'copy';
    act.end(refused === undefined ? { kind } : { kind, why: refused });
    const fact = { kind, target: paths.target, layers: input.layers.length };
    tell.fact('high-level/has-snapshot', fact, { span: act.span, container: input.container });
    return {
      kind,
      target: paths.target,
      remove: (teller, why, keep) => removeSnapshot(input, paths, fact, teller, why, keep),
    };
  } catch (error) {
    const failure = snapshotError(error, paths.target);
    act.fail(failure);
    await removeFolders(Object.values(paths), input.namespace);
    throw failure;
  }
}

interface Paths {
  upper: string;
  work: string;
  target: string;
}

function snapshotPaths(folder: string): Paths {
  return { upper: join(folder, 'upper'), work: join(folder, 'work'), target: join(folder, 'rootfs') };
}

/** Resolves with undefined when the overlay is mounted, else with the reason in words. */
async function mountOverlay(
  input: SnapshotInput,
  paths: Paths,
  act: Telling,
  tell: Tell,
): Promise<string | undefined> {
  for (const path of Object.values(paths)) await mkdir(path, { recursive: true, mode: 0o755 });
  const from = input.layersFolder;
  // overlayfs names the topmost layer first. Relative paths: 127 layers must fit into one page of options.
  const lower = input.layers.map((path) => relative(from, path)).reverse();
  const options = [
    `lowerdir=${lower.join(':')}`,
    `upperdir=${relative(from, paths.upper)}`,
    `workdir=${relative(from, paths.work)}`,
    // Without the right to trusted attributes overlayfs keeps its marks in those of the user namespace (Linux 5.11).
    ...(input.namespace ? ['userxattr'] : []),
  ];
  const { exitCode, stderr } = await runCommand({
    argv: inFolder(input, ['mount', '-t', 'overlay', 'overlay', '-o', options.join(','), paths.target]),
    cwd: from,
    act,
    tell,
    layer: 'high-level',
    actor: 'mount',
    container: input.container,
  });
  if (exitCode === 0) return undefined;
  await removeFolders([paths.upper, paths.work], input.namespace);
  return `overlay was refused: ${stderr.trim().replace(/\s+/g, ' ').slice(0, 300) || `mount ended with ${exitCode}`}`;
}

async function removeSnapshot(
  input: SnapshotInput,
  paths: Paths,
  fact: { kind: 'overlay' | 'copy'; target: string },
  tell: Tell,
  cause: string,
  keep: boolean,
): Promise<void> {
  const about = { container: input.container };
  const act = tell.begin(
    'high-level/remove-snapshot',
    { target: paths.target },
    { ...about, cause: [cause] },
  );
  try {
    if (fact.kind === 'overlay') await unmount(paths.target, act, tell, input);
    if (!keep) await removeFolders(Object.values(paths), input.namespace);
    act.end(keep ? { kept: fact.kind === 'overlay' ? paths.upper : paths.target } : {});
    tell.fact('high-level/has-snapshot', { ...fact, gone: true }, { span: act.span, ...about });
  } catch (error) {
    act.fail(error);
    throw error;
  }
}

async function unmount(target: string, act: Telling, tell: Tell, input: SnapshotInput): Promise<void> {
  const work = { act, tell, layer: 'high-level' as const, actor: 'umount', container: input.container };
  const inside = (argv: string[]) => input.namespace?.wrap(argv) ?? argv;
  const { exitCode, stderr } = await runCommand({ argv: inside(['umount', target]), ...work });
  if (exitCode === 0) return;
  // Something of ours still looks into it: detach it now, the kernel frees it when that ends.
  const lazy = await runCommand({ argv: inside(['umount', '-l', target]), ...work });
  if (lazy.exitCode === 0) return;
  throw new EmbeddedError('unmount-failed', `can’t unmount ${target}: ${(lazy.stderr || stderr).trim()}`, {
    remedy: `look with "fuser -m ${target}" who uses it, then "umount -l ${target}"`,
  });
}

async function removeFolders(folders: string[], namespace?: UserNamespace): Promise<void> {
  for (const folder of folders) await removeAll(folder, namespace);
}

/** Entering a mount namespace leads to its root: there the way to the folder has to be gone again. */
function inFolder({ namespace, layersFolder }: SnapshotInput, argv: string[]): string[] {
  return namespace ? namespace.wrap(['sh', '-c', 'cd "$0" && exec "$@"', layersFolder, ...argv]) : argv;
}

function snapshotError(error: unknown, target: string): unknown {
  const code = (error as NodeJS.ErrnoException).code;
  if (code === 'ENOSPC' || code === 'EDQUOT') {
    return new EmbeddedError('disk-full', `no space left for the container’s files in ${target}`, {
      cause: error,
      remedy: 'free some space, or choose another state directory with --state DIR',
    });
  }
  if (code === 'EACCES' || code === 'EPERM' || code === 'EROFS') {
    return new EmbeddedError('not-permitted', `${code} while making ${target}`, {
      cause: error,
      remedy: 'check who owns the state directory and how it is mounted, or choose another with --state DIR',
    });
  }
  return error;
}
