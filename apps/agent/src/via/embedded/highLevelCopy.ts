import { execFile } from 'node:child_process';
import { type Dirent, lstatSync } from 'node:fs';
import { mkdir, readdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { programPath } from '../../programs.ts';
import { readAttribute } from './attributes.ts';
import { EmbeddedError } from './error.ts';

const run = promisify(execFile);

/**
 * Copies unpacked layers (whiteouts as overlayfs has them), lowest first, into one plain tree: what an overlay of them
 * would show. Reflinks are used where the filesystem has them.
 */
export async function copyLayers(
  layers: string[],
  target: string,
  progress: (data: Record<string, unknown>) => void,
): Promise<void> {
  await mkdir(target, { recursive: true, mode: 0o755 });
  for (const [index, layer] of layers.entries()) {
    const whiteouts = await makeWay(layer, target);
    await copyTree(layer, target);
    for (const path of whiteouts) await rm(join(target, path), { recursive: true, force: true });
    progress({ layersCopied: index + 1, layers: layers.length });
  }
}

/** Removes from `target` what the layer hides or replaces by another kind of thing. Resolves with the whiteouts’ paths. */
async function makeWay(layer: string, target: string, inner = ''): Promise<string[]> {
  const whiteouts: string[] = [];
  const entries = await readdir(join(layer, inner), { withFileTypes: true });
  for (const entry of entries) {
    const path = join(inner, entry.name);
    if (isWhiteout(entry, join(layer, path))) {
      whiteouts.push(path);
      await rm(join(target, path), { recursive: true, force: true });
      continue;
    }
    const there = lstatSync(join(target, path), { throwIfNoEntry: false });
    if (!there) {
      if (entry.isDirectory()) whiteouts.push(...(await makeWay(layer, target, path)));
      continue;
    }
    const merges = entry.isDirectory() && there.isDirectory() && !(await isOpaque(join(layer, path)));
    if (!merges) await rm(join(target, path), { recursive: true, force: true });
    if (entry.isDirectory()) whiteouts.push(...(await makeWay(layer, target, path)));
  }
  return whiteouts;
}

/** overlayfs, "Whiteouts and opaque directories": a character device 0/0. */
function isWhiteout(entry: Dirent, path: string): boolean {
  return entry.isCharacterDevice() && lstatSync(path).rdev === 0;
}

/** An opaque directory carries overlay.opaque=y, in the trusted or, for ordinary users, the user namespace of attributes. */
async function isOpaque(path: string): Promise<boolean> {
  const names = ['trusted.overlay.opaque', 'user.overlay.opaque'];
  return names.some((name) => readAttribute(path, name) === 'y');
}

async function copyTree(from: string, to: string): Promise<void> {
  try {
    await run(programPath('cp'), ['-a', '--reflink=auto', '--remove-destination', '--', `${from}/.`, to], {
      maxBuffer: 1 << 20,
    });
  } catch (cause) {
    const said = String((cause as { stderr?: string }).stderr ?? (cause as Error).message);
    const full = /No space left/i.test(said);
    throw new EmbeddedError(
      full ? 'disk-full' : 'copy-failed',
      `can’t copy ${from}: ${said.trim().slice(0, 300)}`,
      {
        cause,
        remedy: full
          ? 'free some space, or choose another state directory with --state DIR'
          : 'check that the state directory’s filesystem takes owners and links',
      },
    );
  }
}
