import { execFile } from 'node:child_process';
import { rm } from 'node:fs/promises';
import { promisify } from 'node:util';
import { programPath } from '../../programs.ts';
import { openUserNamespace, type UserNamespace } from './userNamespace.ts';

const run = promisify(execFile);

/**
 * Removes a folder and all in it. What an ordinary user may not remove because it belongs to ids of a user namespace, or
 * because overlayfs shut it, is removed from inside one. Rejects when even that fails.
 */
export async function removeAll(folder: string, namespace?: UserNamespace): Promise<void> {
  try {
    await rm(folder, { recursive: true, force: true });
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (process.geteuid?.() === 0 || (code !== 'EACCES' && code !== 'EPERM')) throw error;
    await removeInside(folder, namespace);
  }
}

async function removeInside(folder: string, given: UserNamespace | undefined): Promise<void> {
  const namespace = given ?? (await openUserNamespace());
  try {
    const [file = '', ...args] = namespace.wrap(['rm', '-rf', '--', folder]);
    await run(programPath(file), args);
  } finally {
    if (!given) await namespace.close();
  }
}
