import { type ChildProcess, spawn } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { createConnection, createServer, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { house } from '../structure/house.ts';

/** A real agent, started as a user starts it. */
export interface RealAgent {
  /** The link that may run, stop and remove. */
  drive: string;
  /** The link that may only look. */
  watch: string;
  port: number;
  stateDir: string;
  /** Asks its API with the link that may drive; with a body it is a POST. */
  ask(path: string, body?: object): Promise<Response>;
  /** Ends it at once, as a crash does; its state stays. */
  crash(): Promise<void>;
  /** Ends it as Ctrl-C does and removes its state. */
  close(): Promise<void>;
}

const READY_WITHIN_MS = 90_000;

/** Starts `underdock up` with a state folder of its own, on any free port unless one is given. */
export async function startRealAgent(
  options: { port?: number; stateDir?: string; flags?: string[] } = {},
): Promise<RealAgent> {
  const stateDir = options.stateDir ?? mkdtempSync(join(tmpdir(), 'underdock-e2e-'));
  const { port = 0, flags = [] } = options;
  const argv = ['up', '--port', String(port), '--state', stateDir, ...flags];
  const child = spawn(join(house, 'bin', 'underdock'), argv, { stdio: ['ignore', 'pipe', 'pipe'] });
  const [drive, watch] = await links(child);
  return {
    drive,
    watch,
    port: Number(new URL(drive).port),
    stateDir,
    ask: (path, body) => ask(new URL(drive), path, body),
    crash: () => end(child, 'SIGKILL'),
    async close() {
      await end(child, 'SIGTERM');
      rmSync(stateDir, { recursive: true, force: true });
    },
  };
}

function ask(link: URL, path: string, body?: object): Promise<Response> {
  const headers = {
    authorization: `Bearer ${link.searchParams.get('token')}`,
    'content-type': 'application/json',
  };
  const init = body ? { method: 'POST', headers, body: JSON.stringify(body) } : { headers };
  return fetch(new URL(path, link), init);
}

function links(child: ChildProcess): Promise<[string, string]> {
  return new Promise((resolve, reject) => {
    let text = '';
    const give = (why: string) => reject(new Error(`underdock up ${why}:\n${text}`));
    const timer = setTimeout(() => give('did not get ready'), READY_WITHIN_MS);
    child.on('exit', (code) => give(`ended with ${code}`));
    for (const stream of [child.stdout!, child.stderr!]) {
      stream.on('data', (chunk) => {
        text += chunk;
        const found = [...text.matchAll(/http:\S+\?token=[\w-]+(?=\s)/g)].map(([url]) => url);
        if (found.length < 2) return;
        clearTimeout(timer);
        resolve([found[0]!, found[1]!]);
      });
    }
  });
}

function end(child: ChildProcess, signal: NodeJS.Signals): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return Promise.resolve();
  return new Promise((resolve) => {
    child.on('exit', () => resolve());
    child.kill(signal);
  });
}

/** A way to a port that can be cut and mended, as networks do. */
export interface Way {
  port: number;
  cut(): void;
  mend(): void;
  close(): Promise<void>;
}

/** Passes bytes on to a port of loopback. */
export async function openWay(to: number): Promise<Way> {
  const open = new Set<Socket>();
  let whole = true;
  const server = createServer((near) => {
    if (!whole) return void near.destroy();
    const far = createConnection(to, '127.0.0.1');
    for (const [one, other] of [
      [near, far],
      [far, near],
    ] as const) {
      open.add(one);
      one.pipe(other);
      one.on('error', () => other.destroy());
      one.on('close', () => {
        open.delete(one);
        other.destroy();
      });
    }
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const cut = () => {
    whole = false;
    for (const socket of open) socket.destroy();
  };
  return {
    port: (server.address() as { port: number }).port,
    cut,
    mend() {
      whole = true;
    },
    close: () => {
      cut();
      return new Promise((resolve) => server.close(() => resolve()));
    },
  };
}
