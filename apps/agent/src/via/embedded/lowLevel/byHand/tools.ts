import { access, constants, open } from 'node:fs/promises';
import path from 'node:path';
import { answerOf } from '../../../../answers.ts';
import { findProgram } from '../../../../programs.ts';
import { EmbeddedError } from '../../error.ts';

/** The package that brings a command, as Debian, Ubuntu and Fedora name it. */
const PACKAGES: Record<string, string> = {
  mount: 'mount (util-linux elsewhere)',
  umount: 'mount (util-linux elsewhere)',
  ip: 'iproute2',
  hostname: 'hostname',
  cp: 'coreutils',
  env: 'coreutils',
  mkdir: 'coreutils',
  rmdir: 'coreutils',
  mkfifo: 'coreutils',
  mknod: 'coreutils',
  sh: 'dash',
};
const NEEDED =
  'sh cp env mkdir rmdir mkfifo mknod unshare nsenter mount umount setpriv setsid prlimit pivot_root'.split(
    ' ',
  );
/** pivot_root and others live in sbin, which an ordinary user's PATH may lack. */
const EXTRA_FOLDERS = ['/usr/sbin', '/sbin', '/usr/local/sbin'];

/** The commands of this host that a container can be made with by hand. */
export interface Tools {
  /** Absolute paths by name; a fall-back is used for `ip` and `hostname` where they are missing. */
  paths: ReadonlyMap<string, string>;
  /** util-linux's version. */
  version: string;
}

export type MissingTool = { tool: string; package: string };

async function find(name: string, folders: readonly string[]): Promise<string | undefined> {
  for (const folder of folders) {
    const file = path.join(folder, name);
    if (
      await access(file, constants.X_OK).then(
        () => true,
        () => false,
      )
    )
      return file;
  }
  return undefined;
}

/** The folders in which commands are looked for. */
export function toolFolders(searchPath = process.env.PATH ?? ''): string[] {
  return [
    ...new Set([...searchPath.split(':').filter((folder) => folder.startsWith('/')), ...EXTRA_FOLDERS]),
  ];
}

/** The package that brings `tool`. */
export function packageOf(tool: string): string {
  return PACKAGES[tool] ?? 'util-linux';
}

/** Looks for every command that is needed; says which are missing and what brings them. */
export async function findTools(folders = toolFolders()): Promise<{ tools: Tools; missing: MissingTool[] }> {
  const paths = new Map<string, string>();
  for (const name of [...NEEDED, 'ip', 'hostname']) {
    const found = await find(name, folders);
    if (found !== undefined) paths.set(name, found);
  }
  const missing = NEEDED.filter((tool) => !paths.has(tool)).map((tool) => ({
    tool,
    package: packageOf(tool),
  }));
  const said = paths.has('unshare') ? (await answerOf(paths.get('unshare')!, ['--version'])).stdout : '';
  const version = /[\d.]+\s*$/.exec(said)?.[0].trim() ?? 'unknown';
  // busybox's env has no --chdir; it would leave the container's process in a folder of the host's.
  const env = paths.get('env');
  if (
    env !== undefined &&
    !(await answerOf(env, ['--chdir=/', '--default-signal', findProgram('true') ?? 'true']).then(
      () => true,
      () => false,
    ))
  ) {
    missing.push({ tool: 'env with --chdir and --default-signal', package: 'coreutils 8.31 or later' });
  }
  return { tools: { paths, version }, missing };
}

/** Throws EmbeddedError naming what is missing and the packages that bring it. */
export function mustHaveTools(missing: readonly MissingTool[]): void {
  if (missing.length === 0) return;
  throw new EmbeddedError('tool-missing', `by-hand needs ${missing.map(({ tool }) => tool).join(', ')}`, {
    remedy: `install ${[...new Set(missing.map((one) => one.package))].join(', ')}, or choose --runtime runc or crun`,
  });
}

/** The dynamic loader that an ELF program names in its PT_INTERP header (elf(5)); undefined for a static one. */
export async function loaderOf(program: string): Promise<string | undefined> {
  const file = await open(program);
  try {
    const { buffer } = await file.read(Buffer.alloc(4096), 0, 4096, 0);
    if (buffer.readUInt32BE(0) !== 0x7f454c46 || buffer[4] !== 2) return undefined;
    const [offset, size, count] = [
      Number(buffer.readBigUInt64LE(32)),
      buffer.readUInt16LE(54),
      buffer.readUInt16LE(56),
    ];
    for (let at = offset; at < Math.min(offset + size * count, 4096 - 56); at += size) {
      if (buffer.readUInt32LE(at) !== 3) continue;
      const [from, bytes] = [Number(buffer.readBigUInt64LE(at + 8)), Number(buffer.readBigUInt64LE(at + 32))];
      const name = await file.read(Buffer.alloc(bytes), 0, bytes, from);
      return name.buffer.toString('utf8').replace(/\0.*$/s, '');
    }
    return undefined;
  } finally {
    await file.close();
  }
}

/** What has to be copied so that a few programs run without the host's root, and how they are then called. */
export interface Toolbox {
  files: string[];
  /** Words that call one of the programs from inside the folder they were copied to. */
  call(name: string): string[];
}

/** Programs with their loader and libraries, to be copied into one folder. Rejects when a program's libraries are not found. */
export async function planToolbox(tools: Tools, names: readonly string[]): Promise<Toolbox> {
  const files = new Set<string>();
  const loaders = new Map<string, string>();
  for (const name of names) {
    const program = tools.paths.get(name)!;
    files.add(program);
    const loader = await loaderOf(program);
    if (loader === undefined) continue;
    loaders.set(name, path.basename(loader));
    files.add(loader);
    const { stdout } = await answerOf(loader, ['--list', program]);
    for (const match of stdout.matchAll(/=> (\/\S+)/g)) files.add(match[1]!);
  }
  return {
    files: [...files],
    call: (name) => {
      const loader = loaders.get(name);
      return loader === undefined ? [`./${name}`] : [`./${loader}`, '--library-path', '.', `./${name}`];
    },
  };
}
