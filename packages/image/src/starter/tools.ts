import { execFileSync } from 'node:child_process';
import { readlinkSync } from 'node:fs';
import { join } from 'node:path';
import { ImageError } from '../error.ts';
import { readElf } from './elf.ts';
import type { LayerTar } from './layerTar.ts';
import { Libraries } from './libraries.ts';

/** Where the shell and tools are looked for. */
export const PROGRAM_FOLDERS = [
  '/usr/bin',
  '/bin',
  '/usr/sbin',
  '/sbin',
  '/usr/local/bin',
  '/run/current-system/sw/bin',
];
const SHELLS = ['dash', 'bash', 'ash', 'sh', 'zsh', 'mksh'];
const TOOLS =
  'cat chmod chown cp cut date dd df du echo env expr false find free grep head hostname id kill ln ls mkdir mount mv nproc ps printf pwd readlink rm rmdir sed seq sleep sort stat stty sync tail tee test touch tr true tty umount uname uniq uptime wc whoami yes nice nohup timeout'.split(
    ' ',
  );

/** What the image can do. */
export interface StarterTools {
  /** Where the shell and tools came from, for the history: `static busybox`. */
  from: string;
  names: string[];
  /** A web server is there (busybox httpd). */
  httpd: boolean;
}

export interface ToolOptions {
  /** The host’s files are seen from here. */
  root?: string;
  /** Take the host’s own shell and coreutils although busybox is there. */
  avoidBusybox?: boolean;
}

/**
 * Puts a shell, a few tools and exactly the libraries that they need into a layer, from the host’s files. Prefers a
 * busybox (a static one first), for it is small and has a web server. Throws ImageError `no-tools` where there is no shell.
 */
export function addTools(layer: LayerTar, options: ToolOptions = {}): StarterTools {
  const root = options.root ?? '/';
  const libraries = new Libraries(root);
  addRootLinks(layer, root);
  const busybox = options.avoidBusybox ? undefined : findBusybox(libraries);
  if (busybox) {
    const applets = appletsOf(busybox);
    if (applets.includes('sh') && addProgram(layer, libraries, busybox, '/bin/busybox'))
      return addApplets(layer, applets, readElf(busybox)?.interpreter === undefined);
  }
  return addHostTools(layer, libraries);
}

/** `/bin -> usr/bin` and the like, where the host has them: a program’s loader is looked for by such a path. */
export function addRootLinks(layer: LayerTar, root: string): void {
  for (const name of ['bin', 'sbin', 'lib', 'lib32', 'lib64', 'libx32', 'usr/sbin', 'usr/lib64'])
    try {
      const target = readlinkSync(join(root, name));
      if (target.startsWith('/')) continue;
      layer.add({ type: 'directory', path: join(name, '..', target).replace(/\/$/, '') });
      layer.add({ type: 'symlink', path: name, target });
    } catch {
      // A folder of its own, or nothing.
    }
}

/** The host’s busybox, a static one if there is one. */
export function findBusybox(libraries: Libraries): string | undefined {
  const found = PROGRAM_FOLDERS.flatMap((folder) =>
    ['busybox', 'busybox.static', 'busybox-static'].map((n) => `${folder}/${n}`),
  )
    .map((path) => libraries.real(path))
    .filter((path) => path !== undefined);
  return found.find((path) => readElf(path)?.interpreter === undefined) ?? found[0];
}

function appletsOf(busybox: string): string[] {
  try {
    const text = execFileSync(busybox, ['--list'], {
      encoding: 'utf8',
      timeout: 5000,
      env: {},
      stdio: 'pipe',
    });
    return text.split('\n').filter((name) => /^[a-z0-9_.[-]+$/i.test(name) && name !== 'busybox');
  } catch {
    return [];
  }
}

function addApplets(layer: LayerTar, applets: string[], isStatic: boolean): StarterTools {
  const sbin = resolved(layer, 'bin');
  for (const name of applets) layer.add({ type: 'symlink', path: `${sbin}/${name}`, target: 'busybox' });
  return { from: isStatic ? 'static busybox' : 'busybox', names: applets, httpd: applets.includes('httpd') };
}

function addHostTools(layer: LayerTar, libraries: Libraries): StarterTools {
  const names: string[] = [];
  const shell = SHELLS.find((name) => addNamed(layer, libraries, name));
  if (shell === undefined)
    throw new ImageError(
      'no-tools',
      'this host has no shell that could be put into the starter image; install busybox-static and try again',
    );
  names.push(shell);
  const home = resolved(layer, 'bin');
  if (shell !== 'sh') layer.add({ type: 'symlink', path: `${home}/sh`, target: shell });
  for (const name of TOOLS) if (addNamed(layer, libraries, name)) names.push(name);
  return { from: `the host’s ${shell} and coreutils`, names, httpd: false };
}

function addNamed(layer: LayerTar, libraries: Libraries, name: string): boolean {
  const source = findProgramFile(libraries, name);
  return source !== undefined && addProgram(layer, libraries, source, `/bin/${name}`);
}

/** The file of a program of this name, where the shell’s tools are looked for. */
export function findProgramFile(libraries: Libraries, name: string): string | undefined {
  return PROGRAM_FOLDERS.map((folder) => libraries.real(`${folder}/${name}`)).find(
    (path) => path !== undefined,
  );
}

/** A program under a path, with its libraries; false, and nothing is added, when one of these is missing or it’s a script. */
export function addProgram(layer: LayerTar, libraries: Libraries, source: string, path: string): boolean {
  if (!readElf(source)) return false;
  const needs = libraries.closure(source);
  if (!needs) return false;
  layer.add({ type: 'host-file', path: resolved(layer, path.slice(1)), source, mode: 0o755 });
  for (const file of needs)
    layer.add({
      type: 'host-file',
      path: resolved(layer, file.path.slice(1)),
      source: file.source,
      mode: 0o755,
    });
  return true;
}

/** A path with the layer’s own folder links followed: `bin/sh` is `usr/bin/sh` on a merged-/usr host. */
function resolved(layer: LayerTar, path: string): string {
  for (const length of [2, 1]) {
    const parts = path.split('/');
    const link = layer.linkTarget(parts.slice(0, length).join('/'));
    if (link !== undefined && parts.length >= length)
      return resolved(layer, [link, ...parts.slice(length)].join('/'));
  }
  return path;
}
