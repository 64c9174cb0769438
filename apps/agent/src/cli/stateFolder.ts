import { chmodSync, existsSync, mkdirSync, statSync } from 'node:fs';
import { homedir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { AgentError } from '../error.ts';

/** What decides where the state lies. */
export interface StateChoice {
  /** --state DIR. */
  flag?: string | undefined;
  env: Record<string, string | undefined>;
  uid: number;
  home?: string;
}

/** --state, else $UNDERDOCK_STATE, else /var/lib/underdock for root, else below $XDG_STATE_HOME or ~/.local/state. */
export function stateFolder(choice: StateChoice): string {
  const { flag, env, uid } = choice;
  const given = flag ?? env.UNDERDOCK_STATE;
  if (given) return resolve(given);
  if (uid === 0) return '/var/lib/underdock';
  // A relative XDG path is invalid and has to be ignored (XDG Base Directory Specification).
  const xdg = env.XDG_STATE_HOME?.startsWith('/') ? env.XDG_STATE_HOME : undefined;
  return join(xdg ?? join(choice.home ?? homedir(), '.local', 'state'), 'underdock');
}

/** Makes the folder if it is missing, readable by its owner alone. Throws AgentError `bad-state`. */
export function openStateFolder(folder: string): string {
  try {
    makeFolders(folder);
    const found = statSync(folder);
    if (found.uid === process.geteuid?.() && (found.mode & 0o077) !== 0) chmodSync(folder, 0o700);
    return folder;
  } catch (cause) {
    throw new AgentError(
      'bad-state',
      `the state folder ${folder} can't be used (${(cause as NodeJS.ErrnoException).code})`,
      { remedy: 'choose a folder of your own with --state DIR', cause },
    );
  }
}

// Node's own recursive mkdir never ends in a file system such as /proc, where a folder is refused with ENOENT.
function makeFolders(folder: string): void {
  if (existsSync(folder)) return;
  if (dirname(folder) !== folder) makeFolders(dirname(folder));
  mkdirSync(folder, { mode: 0o700 });
}
