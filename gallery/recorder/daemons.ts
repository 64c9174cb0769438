import { type ChildProcess, spawn } from 'node:child_process';
import { mkdirSync, openSync, readFileSync } from 'node:fs';
import { setTimeout as pause } from 'node:timers/promises';
import { buildStarter, Store } from '@underdock/image';
import { startRegistry } from '../../apps/agent/src/daemons/registry.ts';
import { FOLDER, PATH } from './place.ts';

/** The environment of what is typed and of what it starts. */
export const ENV = {
  PATH,
  HOME: '/root',
  LANG: 'C.UTF-8',
  NODE_NO_WARNINGS: '1',
  NO_COLOR: '1',
  UNDERDOCK_PROBE_START_MS: '300000',
};
const LOGS = '/opt/logs';
const READY_MS = 310_000;

/** A daemon that runs. */
export interface Daemon {
  /** Resolves once it is gone. */
  stop(): Promise<void>;
  log(): string;
}

/** Starts a daemon; resolves when `ready` is true of what it has printed so far, or of the world. Rejects when it ends instead. */
export async function startDaemon(argv: readonly string[], ready: (log: string) => boolean): Promise<Daemon> {
  mkdirSync(LOGS, { recursive: true });
  const file = `${LOGS}/${argv.find((word) => !word.startsWith('/'))?.replaceAll('/', '-')}.log`;
  const out = openSync(file, 'w');
  const child = spawn('setpriv', ['--pdeathsig', 'TERM', '--', ...argv], {
    cwd: FOLDER,
    env: ENV,
    stdio: ['ignore', out, out],
  });
  const log = () => readFileSync(file, 'utf8');
  for (const until = Date.now() + READY_MS; !ready(log()); await pause(100)) {
    if (child.exitCode !== null || Date.now() > until)
      throw new Error(`${argv[0]} did not come up: ${log()}`);
  }
  return { log, stop: () => end(child) };
}

function end(child: ChildProcess): Promise<void> {
  return new Promise((resolve) => {
    if (child.exitCode !== null || child.signalCode !== null) return resolve();
    child.once('exit', () => resolve());
    child.kill('SIGTERM');
  });
}

/** A registry on loopback with the starter image, as `localhost:5000/starter`. */
export async function startStarterRegistry(): Promise<{ close(): Promise<void> }> {
  const store = new Store('/opt/registry');
  await buildStarter(store, { compression: 'gzip' });
  return startRegistry(store, { port: 5000 });
}
