import { stat } from 'node:fs/promises';
import path from 'node:path';
import type { OciConfig } from '../../bundle/ociConfig.ts';
import { resolveInRootfs } from '../../bundle/rootfsFiles.ts';
import { EmbeddedError } from '../../error.ts';

/**
 * Makes sure that the configuration's program exists and is executable below `root`, as execvp(3) would look for it.
 * Rejects with EmbeddedError, exit code 127 when there is none and 126 when it can't be executed.
 */
export async function checkCommand(config: OciConfig, root: string): Promise<void> {
  const { args, env, cwd } = config.process;
  const name = args[0]!;
  const search = env.find((entry) => entry.startsWith('PATH='))?.slice('PATH='.length) ?? '';
  const candidates = name.includes('/')
    ? [path.posix.resolve(cwd, name)]
    : search.split(':').map((folder) => path.posix.resolve(cwd, folder, name));
  let found = false;
  for (const candidate of candidates) {
    const about = await stat(await resolveInRootfs(root, candidate)).catch(() => undefined);
    if (about?.isFile() && (about.mode & 0o111) !== 0) return;
    found ||= about !== undefined;
  }
  if (found) {
    throw new EmbeddedError('command-not-executable', `${name} is in the image but can’t be executed`, {
      remedy: 'name a file that is executable for the container’s user (chmod +x), not a folder',
      exitCode: 126,
    });
  }
  throw new EmbeddedError('command-not-found', `there is no command ${name} in the image`, {
    remedy: 'check the spelling and the image’s PATH, or give the command’s full path',
    exitCode: 127,
  });
}
