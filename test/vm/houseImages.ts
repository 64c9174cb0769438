import { createHash } from 'node:crypto';
import { existsSync } from 'node:fs';
import { cp, mkdir, mkdtemp, readdir, readFile, realpath, rename, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { basename, dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { command } from './command.ts';
import { makeDisk } from './debianImage.ts';

const house = fileURLToPath(new URL('../../', import.meta.url));
const NOT_SOURCES = new Set(['node_modules', '.tools', '.git', '.work', 'dist', 'coverage']);

/** The house as two disks: libraries with Node, which change seldom, and sources, which change all the time. */
export interface HouseImages {
  libraries: string;
  sources: string;
}

/** Makes both disks in `cache`; the libraries only when the lock file or Node has changed. */
export async function houseImages(cache: string): Promise<HouseImages> {
  const lock = await readFile(join(house, 'pnpm-lock.yaml'));
  const key = createHash('sha256').update(lock).update(process.version).digest('hex').slice(0, 16);
  const libraries = join(cache, `libraries-${key}.ext4`);
  if (!existsSync(libraries)) await makeLibraries(libraries, cache);
  for (const name of await readdir(cache))
    if (abandoned(name)) await rm(join(cache, name), { recursive: true });
  const sources = join(cache, `sources-${process.pid}.ext4`);
  await makeSources(sources);
  return { libraries, sources };
}

/** Whether a file was being made or used by a process that is gone: `sources-PID.ext4`, `making-PID`, `console-PID.log`. */
function abandoned(name: string): boolean {
  const pid = name.match(/^(?:sources|making|making-libraries|console)-(\d+)(\.|$)/)?.[1];
  return pid !== undefined && !existsSync(`/proc/${pid}`);
}

async function makeLibraries(image: string, cache: string): Promise<void> {
  for (const name of await readdir(cache)) if (name.startsWith('libraries-')) await rm(join(cache, name));
  const staging = join(cache, `making-libraries-${process.pid}`);
  try {
    await mkdir(join(staging, 'bin'), { recursive: true });
    await cp(await realpath(process.execPath), join(staging, 'bin', 'node'));
    for (const folder of await libraryFolders()) {
      await mkdir(join(staging, dirname(folder)), { recursive: true });
      // GNU cp keeps the many relative links as they are, and it is quick.
      await command('cp', ['-a', join(house, folder), join(staging, dirname(folder))]);
    }
    await makeDisk(staging, `${image}.making`, '2G');
    await rename(`${image}.making`, image);
  } finally {
    await rm(staging, { recursive: true, force: true });
  }
}

async function libraryFolders(): Promise<string[]> {
  const parts = await Promise.all(
    ['apps', 'packages'].map(async (kind) =>
      (await readdir(join(house, kind))).map((name) => `${kind}/${name}`),
    ),
  );
  return ['', ...parts.flat()]
    .map((part) => join(part, 'node_modules'))
    .filter((path) => existsSync(join(house, path)));
}

async function makeSources(image: string): Promise<void> {
  // Not in the cache, which may lie in the house: a folder can't be copied into itself.
  const staging = await mkdtemp(join(tmpdir(), 'underdock-vm-'));
  try {
    await cp(house, join(staging, 'house'), {
      recursive: true,
      filter: (path) => !NOT_SOURCES.has(basename(path)),
    });
    await makeDisk(join(staging, 'house'), image, '256M');
  } finally {
    await rm(staging, { recursive: true, force: true });
  }
}
