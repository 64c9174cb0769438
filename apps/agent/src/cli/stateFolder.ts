import { accessSync, chmodSync, constants, existsSync, mkdirSync, readdirSync, statSync } from 'node:fs';
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
    if (found.uid === process.geteuid?.() && (found.mode & 0o077) !== 0) close(folder);
    accessSync(folder, constants.W_OK);
    return folder;
  } catch (cause) {
    throw stateError(folder, cause);
  }
}

/** What a file system’s refusal to write into the state folder means; other errors stay as they are. */
export function stateError(folder: string, cause: unknown): unknown {
  const { code } = (cause ?? {}) as NodeJS.ErrnoException;
  if (cause instanceof AgentError || !/^E[A-Z]+$/.test(code ?? '')) return cause;
  const isFull = code === 'ENOSPC' || code === 'EDQUOT';
  const why = isFull ? 'its disk is full, ' : code === 'EROFS' ? 'it can only be read, ' : '';
  const remedy = `${isFull ? 'make room on it, or ' : ''}choose a folder of your own with --state DIR`;
  return new AgentError('bad-state', `the state folder ${folder} can't be used (${why}${code})`, {
    remedy,
    cause,
  });
}

/** Closes a folder to others if it is ours alone: `--state /tmp` must not take /tmp away from everybody. */
function close(folder: string): void {
  const names = readdirSync(folder).filter((name) => name !== 'lost+found');
  if (names.length > 0 && !names.includes('lock')) {
    throw new AgentError('bad-state', `${folder} is open to others and holds other things than state`, {
      remedy: 'choose a folder of its own with --state DIR; it is made if it is missing',
    });
  }
  chmodSync(folder, 0o700);
}

// Node's own recursive mkdir never ends in a file system such as /proc, where a folder is refused with ENOENT.
function makeFolders(folder: string): void {
  if (existsSync(folder)) return;
  if (dirname(folder) !== folder) makeFolders(dirname(folder));
  mkdirSync(folder, { mode: 0o700 });
}
