import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';

/** A docker engine of the bench's own: private roots and socket, no bridge, no iptables. */
export interface DockerEngine {
  /** `docker …` on this engine; throws with what it said when it fails. */
  docker(args: string[], input?: Buffer): string;
  close(): Promise<void>;
}

/** Starts containerd and dockerd under `folder` (FROM Debian's packages) and waits until they answer. */
export async function startDockerEngine(folder: string): Promise<DockerEngine> {
  mkdirSync(folder, { recursive: true });
  const at = (name: string) => join(folder, name);
  const containerd = begin('containerd', [
    '--root',
    at('ctd'),
    '--state',
    at('ctd-run'),
    '--address',
    at('ctd.sock'),
  ]);
  const dockerd = begin('dockerd', [
    ...['--containerd', at('ctd.sock'), '--data-root', at('docker'), '--exec-root', at('docker-run')],
    ...['-H', `unix://${at('docker.sock')}`, '-p', at('docker.pid'), '--bridge=none', '--iptables=false'],
  ]);
  const client = (args: string[], input?: Buffer) =>
    spawnSync('docker', ['-H', `unix://${at('docker.sock')}`, ...args], { encoding: 'utf8', input });
  const close = async () => {
    await end(dockerd);
    await end(containerd);
  };
  for (let tries = 0; tries < 150; tries++) {
    if (client(['version']).status === 0)
      return { docker: (args, input) => checked(client(args, input), args), close };
    await pause(200);
  }
  await close();
  throw new Error('dockerd did not answer within 30 s');
}

function begin(command: string, args: string[]): ChildProcess {
  return spawn('setpriv', ['--pdeathsig', 'TERM', command, ...args], { stdio: 'ignore' });
}

function end(child: ChildProcess): Promise<void> {
  return new Promise((resolve) => {
    if (child.exitCode !== null) return resolve();
    child.once('exit', () => resolve());
    child.kill('SIGTERM');
  });
}

function checked(result: ReturnType<typeof spawnSync>, args: string[]): string {
  if (result.status !== 0)
    throw new Error(`docker ${args.join(' ')}: ${result.error?.message ?? result.stderr}`);
  return String(result.stdout);
}
