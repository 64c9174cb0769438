import type { ChildProcessByStdio } from 'node:child_process';
import { mkdirSync, rmSync } from 'node:fs';
import { connect, createServer, type Server } from 'node:net';
import { createInterface, type Interface } from 'node:readline';
import type { Readable, Writable } from 'node:stream';
import { fileURLToPath } from 'node:url';
import { spawn } from '../children.ts';
import { AgentError } from '../error.ts';
import { programPath } from '../programs.ts';
import { firstLine, join, sockets } from './netDoorTalk.ts';

/**
 * A door between the host's network namespace and another one that has no link to it: single ports lead through, in either
 * direction, without any change to the host's interfaces, routes or rules.
 */
export interface NetDoor {
  /** From now on this port of our loopback can be reached inside as well. */
  letOut(port: number): Promise<void>;
  /** From now on connections to a port of this host lead to the same port inside. Returns how to end that. Rejects with `port-taken`. */
  letIn(port: number, address?: string): Promise<() => void>;
  close(): Promise<void>;
}

const INSIDE = fileURLToPath(new URL('./netDoorInside.ts', import.meta.url));

/** Opens a door to the network namespace of a process. `folder` is for its sockets. Rejects with AgentError `door-failed`. */
export async function openNetDoor(
  pid: number,
  folder: string,
  env: Record<string, string>,
): Promise<NetDoor> {
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  const outer = await listenOutward(folder);
  const inside = ['nsenter', '--target', String(pid), '--net', process.execPath, INSIDE, folder];
  const child = spawn(programPath('setpriv'), ['--pdeathsig', 'KILL', '--', ...inside], {
    stdio: ['pipe', 'pipe', 'ignore'],
    env: { ...process.env, ...env },
    detached: true,
  });
  const door = new OpenDoor(child, folder, outer);
  try {
    await door.says('ready');
    return door;
  } catch (error) {
    await door.close();
    throw error;
  }
}

class OpenDoor implements NetDoor {
  #child: ChildProcessByStdio<Writable, Readable, null>;
  #folder: string;
  #servers: Set<Server>;
  #lines: Interface;
  #ended: Promise<void>;

  constructor(child: ChildProcessByStdio<Writable, Readable, null>, folder: string, outer: Server) {
    this.#child = child;
    this.#folder = folder;
    this.#servers = new Set([outer]);
    this.#lines = createInterface(child.stdout);
    child.stdin.on('error', () => {});
    this.#ended = new Promise((resolve) => {
      child.once('error', () => resolve());
      child.once('exit', () => resolve());
    });
  }

  /** Resolves when the inner side says so; rejects when it has ended. */
  says(words: string): Promise<void> {
    const said = new Promise<void>((resolve) => {
      const look = (line: string) => {
        if (line !== words) return;
        this.#lines.off('line', look);
        resolve();
      };
      this.#lines.on('line', look);
    });
    const over = this.#ended.then(() => {
      throw new AgentError('door-failed', 'the door to the private engine’s network is not open', {
        remedy: 'take --network none or host, which need none',
      });
    });
    return Promise.race([said, over]);
  }

  async letOut(port: number): Promise<void> {
    const listening = this.says(`listening ${port}`);
    this.#child.stdin.write(`${port}\n`);
    await listening;
  }

  async letIn(port: number, address = '127.0.0.1'): Promise<() => void> {
    const server = await listenInward(this.#folder, port, address);
    this.#servers.add(server);
    return () => {
      this.#servers.delete(server);
      server.close();
    };
  }

  async close(): Promise<void> {
    for (const server of this.#servers) server.close();
    this.#child.kill('SIGKILL');
    await this.#ended;
    rmSync(this.#folder, { recursive: true, force: true });
  }
}

/** Whoever is inside names host and port in the first line. */
function listenOutward(folder: string): Promise<Server> {
  const { outward } = sockets(folder);
  rmSync(outward, { force: true });
  const server = createServer({ allowHalfOpen: true }, (caller) => {
    firstLine(caller, (line, rest) => {
      const [host = '', port = ''] = line.split(' ');
      const target = connect({ host, port: Number(port), allowHalfOpen: true });
      target.write(rest);
      join(caller, target);
    });
  });
  return listening(server, outward);
}

function listenInward(folder: string, port: number, address: string): Promise<Server> {
  const server = createServer({ allowHalfOpen: true }, (caller) => {
    const target = connect({ path: sockets(folder).inward, allowHalfOpen: true });
    target.write(`127.0.0.1 ${port}\n`);
    join(caller, target);
  });
  return listening(server, { port, host: address }).catch((cause: NodeJS.ErrnoException) => {
    const why = cause.code === 'EADDRINUSE' ? 'is in use' : `can’t be opened (${cause.code})`;
    throw new AgentError('port-taken', `the port ${address}:${port} of this host ${why}`, {
      remedy: 'publish another port, or end what listens there',
      cause,
    });
  });
}

function listening(server: Server, place: string | { port: number; host: string }): Promise<Server> {
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen(place as never, () => {
      server.unref();
      resolve(server);
    });
  });
}
