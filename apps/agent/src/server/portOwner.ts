import { readdirSync, readFileSync, readlinkSync } from 'node:fs';

/** Who listens on a TCP port of this machine. `pid` is known for processes that this user may look into. */
export interface PortOwner {
  uid: number;
  pid?: number;
  name?: string;
}

const LISTEN = '0A';

/** Reads /proc/net/tcp and tcp6 (see proc(5)); undefined when nobody listens or there is no /proc. */
export function portOwner(port: number, proc = '/proc'): PortOwner | undefined {
  for (const table of ['tcp', 'tcp6']) {
    for (const line of lines(`${proc}/net/${table}`)) {
      const [, local, , state, , , , uid, , inode] = line.trim().split(/\s+/);
      if (state !== LISTEN || Number.parseInt(local?.split(':')[1] ?? '', 16) !== port) continue;
      return { uid: Number(uid), ...holderOf(`socket:[${inode}]`, proc) };
    }
  }
  return undefined;
}

function lines(file: string): string[] {
  try {
    return readFileSync(file, 'utf8').split('\n').slice(1);
  } catch {
    return [];
  }
}

function holderOf(link: string, proc: string): { pid?: number; name?: string } {
  for (const pid of readdirSync(proc).filter((name) => /^\d+$/.test(name))) {
    try {
      const held = readdirSync(`${proc}/${pid}/fd`).some(
        (fd) => readlink(`${proc}/${pid}/fd/${fd}`) === link,
      );
      if (held) return { pid: Number(pid), name: readFileSync(`${proc}/${pid}/comm`, 'utf8').trim() };
    } catch {
      // Another user's process, or one that has just ended.
    }
  }
  return {};
}

function readlink(path: string): string | undefined {
  try {
    return readlinkSync(path);
  } catch {
    return undefined;
  }
}
