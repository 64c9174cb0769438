import { constants } from 'node:fs';
import { lstat, mkdir, open, readlink } from 'node:fs/promises';
import path from 'node:path';
import { EmbeddedError } from '../error.ts';

/** As many symbolic links as the kernel follows in one path (path_resolution(7)). */
const MOST_LINKS = 40;
/** A passwd file bigger than this is no passwd file. */
const MOST_BYTES = 4 * 1024 * 1024;

async function linkAt(host: string): Promise<string | undefined> {
  try {
    return await readlink(host);
  } catch {
    // not a symbolic link, or not there
    return undefined;
  }
}

/**
 * The host path that `inner` means to a process whose root is `root`: symbolic links, absolute ones and `..` included,
 * never lead out of it. Parts that do not exist are kept as they are written.
 */
export async function resolveInRootfs(root: string, inner: string): Promise<string> {
  const todo = inner.split('/').reverse();
  let done: string[] = [];
  let links = 0;
  while (todo.length > 0) {
    const part = todo.pop()!;
    if (part === '' || part === '.') continue;
    if (part === '..') {
      done.pop();
      continue;
    }
    const target = await linkAt(path.join(root, ...done, part));
    if (target === undefined) {
      done.push(part);
      continue;
    }
    links += 1;
    if (links > MOST_LINKS) {
      throw new EmbeddedError(
        'link-loop',
        `${inner} in the image leads through more than ${MOST_LINKS} links`,
        {
          remedy: 'repair the symbolic links in the image',
        },
      );
    }
    if (target.startsWith('/')) done = [];
    todo.push(...target.split('/').reverse());
  }
  return path.join(root, ...done);
}

/** Text of a regular file inside `root`, or undefined where there is none. Links can't lead out; FIFOs are not waited for. */
export async function readInRootfs(root: string, inner: string): Promise<string | undefined> {
  const host = await resolveInRootfs(root, inner);
  let file: Awaited<ReturnType<typeof open>>;
  try {
    file = await open(host, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK);
  } catch {
    return undefined;
  }
  try {
    const about = await file.stat();
    if (!about.isFile() || about.size > MOST_BYTES) return undefined;
    return await file.readFile('utf8');
  } finally {
    await file.close();
  }
}

/**
 * Makes sure that `inner` is a folder inside `root`, made with mode 0755 where missing, as docker does for --workdir.
 * Resolves with its host path; rejects with EmbeddedError when something else is in the way.
 */
export async function folderInRootfs(root: string, inner: string): Promise<string> {
  const host = await resolveInRootfs(root, inner);
  const parts = path.relative(root, host).split('/').filter(Boolean);
  let at = root;
  for (const part of parts) {
    at = path.join(at, part);
    await mkdir(at, { mode: 0o755 }).catch((cause: NodeJS.ErrnoException) => {
      if (cause.code === 'EEXIST') return;
      throw new EmbeddedError('workdir', `can’t make ${inner} in the image: ${cause.message}`, { cause });
    });
    if (!(await lstat(at)).isDirectory()) {
      throw new EmbeddedError('workdir', `can’t work in ${inner}: a part of it is not a folder`, {
        remedy: 'choose another folder with --workdir',
        exitCode: 126,
      });
    }
  }
  return host;
}
