import { readFileSync, readlinkSync, realpathSync, statSync } from 'node:fs';
import { readdir, readFile, readlink } from 'node:fs/promises';
import { basename, delimiter, join } from 'node:path';

/** A program of the chain on this host: a daemon that runs, or a client that lies where one calls it. */
export interface FoundProgram {
  /** `dockerd`, `containerd`, `docker` …: what it is, whatever its path. */
  name: string;
  /** Its path, as its own mount namespace has it. */
  path: string;
  /** Opens exactly this file from here, even when it was replaced or lies in another mount namespace. */
  file: string;
  /** Device and inode: programs with the same are one file. */
  inode: string;
  /** The owner of the file. */
  uid: number;
  /** The process that runs it; absent for a client that was found by its path. */
  pid?: number;
  /** Its file was replaced or removed since it was started. */
  replaced?: boolean;
}

const CLIENT_FOLDERS = [
  '/usr/local/bin',
  '/usr/bin',
  '/snap/docker/current/bin',
  '/usr/libexec/docker/cli-plugins',
  '/usr/lib/docker/cli-plugins',
  '/usr/local/lib/docker/cli-plugins',
  '/usr/local/libexec/docker/cli-plugins',
];
const DELETED = ' (deleted)';

/** What a process or a client's file is looked for in; tests put a folder in /proc's place. */
export interface FindOptions {
  proc?: string;
  path?: string;
}

// What lies in /proc is made up on reading: asking through the thread pool would cost ten times as much.

/** The program that process `pid` runs, if its name is one of `names`; undefined when it is another or gone. */
export function programOf(
  pid: number,
  names: ReadonlySet<string>,
  { proc = '/proc' }: FindOptions = {},
): FoundProgram | undefined {
  const folder = join(proc, String(pid));
  try {
    const comm = readFileSync(join(folder, 'comm'), 'utf8').trimEnd();
    // Most processes are somebody else’s: their names alone are read. k3s calls itself `k3s-server`.
    if (![...names].some((name) => name.slice(0, 15) === comm || comm.startsWith(`${name}-`)))
      return undefined;
    const file = join(folder, 'exe');
    const target = readlinkSync(file);
    const replaced = target.endsWith(DELETED);
    const path = replaced ? target.slice(0, -DELETED.length) : target;
    const { dev, ino, uid } = statSync(file);
    const name = [basename(path), comm].find((one) => names.has(one));
    if (!name) return undefined;
    return { name, path, file, inode: `${dev}:${ino}`, uid, pid, ...(replaced ? { replaced } : {}) };
  } catch {
    return undefined;
  }
}

/** The pids of all processes. */
export async function processIds({ proc = '/proc' }: FindOptions = {}): Promise<number[]> {
  return (await readdir(proc)).map(Number).filter((pid) => pid > 0);
}

/** Every process whose program has one of these names: daemons, and several of each. */
export async function findDaemons(
  names: ReadonlySet<string>,
  options: FindOptions = {},
): Promise<FoundProgram[]> {
  const found: FoundProgram[] = [];
  for (const pid of await processIds(options)) {
    const program = programOf(pid, names, options);
    if (program) found.push(program);
  }
  return found;
}

/** Every file of these names in PATH and where packages put clients and their plugins. */
export function findClients(names: ReadonlySet<string>, options: FindOptions = {}): FoundProgram[] {
  const path = options.path ?? process.env.PATH ?? '';
  const found = new Map<string, FoundProgram>();
  for (const folder of new Set([
    ...path.split(delimiter).filter((one) => one.startsWith('/')),
    ...CLIENT_FOLDERS,
  ]))
    for (const name of names) {
      const program = clientAt(join(folder, name), name);
      if (program && !found.has(program.inode)) found.set(program.inode, program);
    }
  return [...found.values()];
}

function clientAt(path: string, name: string): FoundProgram | undefined {
  try {
    const found = statSync(path, { throwIfNoEntry: false });
    if (!found || (found.mode & 0o111) === 0) return undefined;
    return { name, path: realpathSync(path), file: path, inode: `${found.dev}:${found.ino}`, uid: found.uid };
  } catch {
    return undefined;
  }
}

/**
 * The unix sockets that a process of root's or of this user's listens on. Of others none: a program may call itself dockerd,
 * and what a container calls a path is another file here.
 */
export async function listeningSockets(pid: number, { proc = '/proc' }: FindOptions = {}): Promise<string[]> {
  try {
    const folder = join(proc, String(pid));
    if (!isBelieved(pid, proc)) return [];
    const fds = await readdir(join(folder, 'fd'));
    const targets = await Promise.all(fds.map((fd) => readlink(join(folder, 'fd', fd)).catch(() => '')));
    const own = new Set(targets.flatMap((target) => /^socket:\[(\d+)\]$/.exec(target)?.[1] ?? []));
    const table = await readFile(join(folder, 'net/unix'), 'utf8');
    return table.split('\n').flatMap((line) => {
      // proc_pid_net(5): Num RefCount Protocol Flags Type St Inode Path; the flag 0x10000 is a listening socket
      const [, , , flags = '', , , inode = '', path = ''] = line.trim().split(/\s+/);
      return flags === '00010000' && own.has(inode) && path.startsWith('/') ? [path] : [];
    });
  } catch {
    return [];
  }
}

// All four ids, since a program that is setuid root keeps the descriptors of whoever started it.
function isBelieved(pid: number, proc: string): boolean {
  const namespaceOf = (one: string) => readlinkSync(join(proc, one, 'ns/pid'));
  if (namespaceOf(String(pid)) !== namespaceOf('self')) return false;
  const status = readFileSync(join(proc, String(pid), 'status'), 'utf8');
  const ids = (/^Uid:\s*(.*)$/m.exec(status)?.[1] ?? '').split('\t').map(Number);
  const own = process.geteuid?.() ?? 0;
  return ids.length === 4 && (ids.every((id) => id === 0) || ids.every((id) => id === own));
}
