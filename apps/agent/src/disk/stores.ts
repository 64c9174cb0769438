import { closeSync, realpathSync } from 'node:fs';
import { join } from 'node:path';
import { AgentError } from '../error.ts';
import { type Named, openRoot, openStep, partsOf } from './beneath.ts';

/** How paths of layers look in the stores of engines, and what else must lie in such a store. */
const STORES: readonly { shape: RegExp; marker: string }[] = [
  // overlay2 of Docker and overlay of Podman keep short links to their folders in `l`.
  { shape: /^(\/.+\/overlay2?)\/[0-9a-z]{20,72}(?:-init)?\/diff$/, marker: 'l' },
  {
    shape: /^(\/.+\/io\.containerd\.snapshotter\.v1\.overlayfs)\/snapshots\/\d+\/fs$/,
    marker: 'metadata.db',
  },
];

/** Which folders of a run may be opened at all. */
export interface StoreOptions {
  /** underdock’s own; what it made for this run lies below. */
  stateDir: string;
  run: string;
}

/**
 * Opens the folder of a layer, if it lies where engines keep layers: a path that a trace names is not trusted further. The
 * caller closes it. Throws AgentError `not-a-layer`, or what the kernel says.
 */
export function openLayer(folder: string, options: StoreOptions): Named {
  const own = ownPath(folder, options);
  if (own !== undefined) return walk(partsOf(own), () => {});
  const parts = partsOf(folder);
  const path = `/${parts.join('/')}`;
  const store = STORES.find(({ shape }) => shape.test(path));
  if (!store) {
    throw new AgentError('not-a-layer', `${folder} is in no store of layers that underdock knows`, {
      remedy: 'stores of Docker, Podman, containerd and underdock itself can be looked into',
    });
  }
  const depth = partsOf(store.shape.exec(path)![1]!).length;
  return walk(parts, (at, seen) => {
    mustBeSafe(at, seen);
    if (seen.length === depth) closeSync(openStep(at.fd, store.marker).fd);
  });
}

const LAYER_NAME = /^([0-9a-f]{24}(-flat)?|empty)$/;

/** The real path of what underdock itself unpacked, or made for this very run; undefined for anything else. */
function ownPath(folder: string, { stateDir, run }: StoreOptions): string | undefined {
  const given = stateDir.replace(/\/+$/, '');
  if (!folder.startsWith(`${given}/`)) return undefined;
  const [place, name = '', ...more] = folder.slice(given.length + 1).split('/');
  const isLayer = place === 'layers' && LAYER_NAME.test(name) && more.length === 0;
  const isOfRun =
    place === 'runs' && name === run && (more.join('/') === 'upper' || more.join('/') === 'rootfs');
  // Its owner may have put a symbolic link in the place of the whole folder: that one is followed, as it always is.
  return isLayer || isOfRun ? join(realpathSync(given), place!, name, ...more) : undefined;
}

/** From the root of the host, name by name, so that what is checked is what is opened. */
function walk(parts: readonly string[], check: (at: Named, seen: readonly string[]) => void): Named {
  let at = openRoot();
  try {
    for (const [index, name] of parts.entries()) {
      check(at, parts.slice(0, index));
      const next = openStep(at.fd, name);
      closeSync(at.fd);
      at = next;
    }
    if (at.stats.isDirectory()) return at;
    throw new AgentError('not-a-layer', `/${parts.join('/')} is no folder`);
  } catch (error) {
    closeSync(at.fd);
    throw error;
  }
}

/** Whoever may write into a folder above a layer could put anything in its place. */
function mustBeSafe({ stats }: Named, seen: readonly string[]): void {
  const mine = stats.uid === 0 || stats.uid === process.geteuid?.();
  const sticky = (stats.mode & 0o1000) !== 0;
  if (mine && (sticky || (stats.mode & 0o022) === 0)) return;
  throw new AgentError('not-a-layer', `/${seen.join('/')} can be changed by others than root`, {
    remedy: 'only stores that are root’s alone can be looked into',
  });
}
