import { spawn } from 'node:child_process';
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { createServer, type Server as HttpServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Server, ServerCredentials } from '@grpc/grpc-js';
import { buildPause, buildStarter, Store } from '@underdock/image';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import {
  type PrivateContainerd,
  startPrivateContainerd,
} from '../../apps/agent/src/daemons/privateContainerd.ts';
import { engineCgroup } from '../../apps/agent/src/daemons/privateEngineRemains.ts';
import { type Registry, registryListener, startRegistry } from '../../apps/agent/src/daemons/registry.ts';
import { allProcesses } from '../../apps/agent/src/processes.ts';
import { type Ended, type Lab, openLab, watchNothing } from './embeddedLab.ts';

const AGENT = new URL('./embeddedAgent.ts', import.meta.url).pathname;
const up = { via: 'cri' as const, command: ['sh', '-c', 'echo up; sleep 300'] };

let folder: string;
let store: Store;
let registry: Registry;
/** A runtime of the host’s, as far as underdock can tell. */
let host: PrivateContainerd;
let lab: Lab;
beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'underdock-cri-'));
  store = new Store(join(folder, 'store'));
  await buildPause(store);
  await buildStarter(store);
  // Of other layers: what a runtime has already it does not fetch.
  await buildStarter(store, { repository: 'other', avoidBusybox: true });
  registry = await startRegistry(store);
  host = await startRuntime('host', `${registry.host}/pause:latest`);
  lab = await openLab({ watch: watchNothing, calls: [], allowedMounts: ['/'] });
});
afterAll(async () => {
  await lab?.close();
  await host?.close();
  await registry?.close();
  rmSync(folder, { recursive: true, force: true });
});

function startRuntime(name: string, pauseImage: string): Promise<PrivateContainerd> {
  return startPrivateContainerd({ folder: join(folder, name), registry: registry.host, pauseImage });
}

const image = () => `${registry.host}/starter:latest`;
const processesIn = (runtime: string) => {
  const mark = engineCgroup(join(folder, runtime));
  const of = (pid: number) => textOf(`/proc/${pid}/cgroup`);
  return allProcesses().filter(({ pid, state }) => state !== 'Z' && of(pid).includes(mark));
};
/** Tasks, snapshots and network namespaces of a runtime that are left. */
function left(runtime: string): string[] {
  const at = (...names: string[]) => join(folder, runtime, ...names);
  const folders = [
    at('ctd-run/io.containerd.runtime.v2.task/k8s.io'),
    at('ctd-run/io.containerd.grpc.v1.cri/sandboxes'),
  ];
  return folders.filter(existsSync).flatMap((one) => readdirSync(one));
}
const pods = () =>
  ['', ...readdirSync('/sys/fs/cgroup')]
    .map((name) => join('/sys/fs/cgroup', name, 'underdock'))
    .filter(existsSync)
    .flatMap((one) => readdirSync(one).filter((name) => name.startsWith('pod')));
const failed = ({ events }: Ended) =>
  events.filter(({ type, data }) => type === 'end' && data.error !== undefined).map(({ step }) => step);

describe('a run by the CRI', () => {
  it('works in a runtime of the host’s that is named, and leaves nothing there', async () => {
    const ended = await lab.run({
      ...up,
      socket: host.socket,
      image: image(),
      command: ['sh', '-c', 'exit 4'],
    });
    expect(ended).toMatchObject({ exitCode: 4, error: undefined });
    expect([left('host'), pods()]).toEqual([[], []]);
  });

  it('without a socket there says what to start', async () => {
    const ended = await lab.run({ ...up, socket: join(folder, 'nowhere.sock') });
    expect(ended).toMatchObject({
      exitCode: 125,
      error: { code: 'daemon-unreachable', remedy: expect.stringContaining('--socket') },
    });
    expect(failed(ended)).toEqual(['engine/call', 'client/run']);
  });

  it('of what speaks gRPC but not the CRI says how to enable that', async () => {
    const socket = join(folder, 'other.sock');
    const other = new Server();
    await new Promise((resolve) =>
      other.bindAsync(`unix:${socket}`, ServerCredentials.createInsecure(), resolve),
    );
    const ended = await lab.run({ ...up, socket });
    other.forceShutdown();
    expect(ended).toMatchObject({
      exitCode: 125,
      error: { code: 'wrong-api', remedy: expect.stringContaining('disabled_plugins') },
    });
  });

  it('whose pause image is missing fails at the pod, and nothing is left', async () => {
    const bare = await startRuntime('bare', `${registry.host}/pause:nowhere`);
    const ended = await lab.run({ ...up, socket: bare.socket, image: image() });
    expect(ended).toMatchObject({
      exitCode: 125,
      error: { code: 'no-pause-image', remedy: expect.any(String) },
    });
    expect(failed(ended)).toContain('high-level/run-sandbox');
    expect([left('bare'), pods(), processesIn('bare')]).toEqual([[], [], []]);
    await bare.close();
  });

  it('whose registry is gone in the middle of the pull says so, and nothing is left', async () => {
    const broken = await breakingRegistry();
    const { port } = broken.address() as AddressInfo;
    const ended = await lab.run({ ...up, socket: host.socket, image: `127.0.0.1:${port}/other:latest` });
    broken.close();
    expect(ended).toMatchObject({
      exitCode: 125,
      error: { code: 'pull-failed', remedy: expect.any(String) },
    });
    expect(failed(ended)).toContain('high-level/resolve-image');
    expect([left('host'), pods()]).toEqual([[], []]);
  });

  it('may not name a socket that nobody allowed', async () => {
    const closed = await openLab({ watch: watchNothing, calls: [] });
    await expect(closed.start({ ...up, socket: host.socket })).rejects.toMatchObject({
      ...{ code: 'socket-not-allowed', remedy: expect.stringContaining('CONTAINER_RUNTIME_ENDPOINT') },
    });
    await closed.close();
  });

  it('ends with a clear error when its runtime dies, and the next one has a new one', async () => {
    const going = await lab.start({ ...up, ...{ engine: 'private' as const, image: 'starter' } });
    await going.says('up');
    const mine = allProcesses().find(({ pid }) =>
      textOf(`/proc/${pid}/cmdline`).startsWith(`containerd\0--config\0${lab.stateDir}`),
    );
    process.kill(mine!.pid, 'SIGKILL');
    const ended = await going.ended();
    expect(ended).toMatchObject({
      exitCode: 125,
      error: { code: 'daemon-died', remedy: expect.any(String) },
    });
    const again = await lab.run({
      ...up,
      ...{ engine: 'private' as const, image: 'starter' },
      command: ['true'],
    });
    expect(again.exitCode).toBe(0);
  });
});

describe('an agent that is killed', () => {
  it('leaves a pod in a runtime of the host’s that the next agent removes', async () => {
    const stateDir = join(folder, 's');
    await killedAgent(stateDir, { ...up, socket: host.socket, image: image(), allowAll: true });
    expect(left('host')).not.toEqual([]);
    const next = await openLab({ watch: watchNothing, calls: [], stateDir, allowedMounts: ['/'] });
    expect(next.opened.recovered).toMatchObject([
      { actions: ['removed the pod from the container runtime'] },
    ]);
    expect([left('host'), pods(), readdirSync(join(stateDir, 'cri/logs'))]).toEqual([[], [], []]);
    await next.close();
  });

  it('takes its own containerd with it, and the next one kills and removes what was in it', async () => {
    const stateDir = join(folder, 'p');
    await killedAgent(stateDir, { ...up, ...{ engine: 'private' as const, image: 'starter' } });
    const next = await openLab({ watch: watchNothing, calls: [], stateDir });
    const actions = next.opened.recovered.flatMap((one) => one.actions).join('; ');
    expect(actions).toMatch(/killed process \d+ \(pause\)/);
    expect(actions).toMatch(/killed process \d+ \(containerd-shim\)/);
    const again = await next.run({
      ...up,
      ...{ engine: 'private' as const, image: 'starter' },
      command: ['true'],
    });
    expect(again.exitCode).toBe(0);
    expect(readdirSync(join(stateDir, 'cri')).filter((name) => name.endsWith('.json'))).toEqual([]);
    await next.close();
  });
});

/** Gives manifests, and breaks off in the middle of every layer. */
async function breakingRegistry(): Promise<HttpServer> {
  const serve = registryListener(store);
  const server = createServer((request, response) => {
    const isBlob = /\/blobs\//.test(request.url ?? '') && request.method === 'GET';
    if (!isBlob) return serve(request, response);
    response.writeHead(200, { 'Content-Type': 'application/octet-stream', 'Content-Length': 1_000_000 });
    response.write(Buffer.alloc(1000), () => response.destroy());
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return server;
}

async function killedAgent(stateDir: string, request: object): Promise<void> {
  const child = spawn(process.execPath, [AGENT, stateDir, JSON.stringify(request)], { stdio: 'pipe' });
  const ended = new Promise((resolve) => child.once('exit', resolve));
  let said = '';
  child.stderr.on('data', (bytes) => {
    said += bytes;
  });
  await new Promise<void>((resolve, reject) => {
    child.stdout.on('data', (bytes) => String(bytes).includes('up') && resolve());
    child.once('exit', () => reject(new Error(`the agent ended before its container said up: ${said}`)));
  });
  child.kill('SIGKILL');
  await ended;
}

function textOf(file: string): string {
  try {
    return readFileSync(file, 'utf8');
  } catch {
    return '';
  }
}
