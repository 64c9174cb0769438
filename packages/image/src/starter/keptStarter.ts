import { readdirSync, statSync } from 'node:fs';
import { readFile, rename, rm, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import type { Descriptor } from '../manifest.ts';
import type { Store } from '../store.ts';
import { buildStarter, type StarterImage } from './starter.ts';
import { PROGRAM_FOLDERS } from './tools.ts';

type Blob = Pick<Descriptor, 'digest' | 'size'>;

/** What the image in a store was made of, as its files were then. */
interface Kept {
  index: string;
  /** The same for clients that know no zstd. */
  gzipIndex: string;
  blobs: Blob[];
  marks: Record<string, string>;
}

const FILE = 'starter.json';
const ABSENT = '-';
/** The tag of the starter image for clients that know no zstd: docker before 23. */
export const GZIP_TAG = 'gzip';

/**
 * Sees to it that the store has the starter image of this host as it is now: builds it unless it is there and no file
 * that it came from has changed (by inode, size and times); as `latest`, and with gzip alone as `gzip`. Resolves with whether
 * it had to be built.
 */
export async function keepStarter(store: Store): Promise<{ built: boolean }> {
  const file = join(store.root, FILE);
  const kept = await readKept(file);
  if (kept && (await isWhole(store, kept)) && isSame(kept.marks)) return { built: false };
  const image = await buildStarter(store);
  const gzip = await buildStarter(store, { compression: 'gzip', tag: GZIP_TAG });
  const blobs = [...image.blobs, ...gzip.blobs];
  const said: Kept = { index: image.digest, gzipIndex: gzip.digest, blobs, marks: marksOf(image) };
  try {
    await writeFile(`${file}.new`, JSON.stringify(said), { mode: 0o600 });
    await rename(`${file}.new`, file);
  } catch {
    // A full disk, say: the image is there all the same, and is built again the next time.
    await rm(`${file}.new`, { force: true });
  }
  return { built: true };
}

async function readKept(file: string): Promise<Kept | undefined> {
  try {
    return JSON.parse(await readFile(file, 'utf8')) as Kept;
  } catch {
    // Not made yet, or cut off: it is made anew.
    return undefined;
  }
}

async function isWhole(store: Store, { index, gzipIndex, blobs }: Kept): Promise<boolean> {
  const noted = await store.references.get('starter', 'latest');
  const gzip = await store.references.get('starter', GZIP_TAG);
  if (noted?.digest !== index || gzip?.digest !== gzipIndex) return false;
  const sizes = await Promise.all(blobs.map(({ digest }) => store.size(digest)));
  return blobs.every(({ size }, n) => sizes[n] === size);
}

function isSame(marks: Kept['marks']): boolean {
  const now = Object.keys(marks).every((path) => marks[path] === markOf(path));
  return now && ownFiles().every((path) => path in marks);
}

/** The files, the folders that they were found in, those where a better tool may appear, and the code that builds. */
function marksOf({ sources }: StarterImage): Kept['marks'] {
  const folders = [...PROGRAM_FOLDERS, ...sources.map((path) => dirname(path)), '/etc/ld.so.conf.d'];
  const paths = new Set([...sources, ...folders, ...ownFiles()]);
  return Object.fromEntries([...paths].map((path) => [path, markOf(path)]));
}

function ownFiles(): string[] {
  return readdirSync(import.meta.dirname).map((name) => join(import.meta.dirname, name));
}

function markOf(path: string): string {
  const found = statSync(path, { throwIfNoEntry: false });
  return found ? [found.dev, found.ino, found.size, found.mtimeMs].join(':') : ABSENT;
}
