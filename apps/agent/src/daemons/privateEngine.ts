import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { AgentError } from '../error.ts';
import { findProgram } from '../programs.ts';
import { type DaemonProcess, startDaemon } from './daemonProcess.ts';
import { askVersion, type EngineVersion } from './findEngine.ts';
import { type NetDoor, openNetDoor } from './netDoor.ts';
import { PROXY_PORT } from './netDoorTalk.ts';
import { connects, crunProgram, OWN_MOUNTS, refuseLongPath } from './privateDaemon.ts';
import { cleanPrivateEngine, engineCgroup, engineMark } from './privateEngineRemains.ts';

/** containerd and dockerd of underdock's own, running. */
export interface PrivateEngine {
  /** dockerd's socket. */
  socket: string;
  /** containerd's socket. */
  containerdSocket: string;
  version: EngineVersion;
  pids: { dockerd: number; containerd: number };
  /** Leads into its network namespace, where it has one of its own. */
  door?: NetDoor;
  /** What an earlier engine in this folder had left, and what was done about it, in words. */
  recovered: readonly string[];
  /** Resolves when one of the two has ended, with which and how. */
  ended: Promise<string>;
  /** Ends both, dockerd first so that it can end its containers, and takes away what is left. Images stay. */
  close(): Promise<void>;
}

/** What a private engine is started with. */
export interface PrivateEngineOptions {
  /** Its roots, sockets and logs lie here; nobody else uses it. */
  folder: string;
  /**
   * `none`: in the host's network namespace, without bridge and without iptables rules. `bridge`: in a network namespace
   * of its own with docker's usual bridge; the host's network is not touched.
   */
  network?: 'none' | 'bridge';
  limitMs?: number;
}

const READY_MS = 60_000;

/** Why no private engine can be started here; undefined when one can. */
export function privateEngineRefusal(network: 'none' | 'bridge' = 'none'): AgentError | undefined {
  if (process.geteuid?.() !== 0) {
    return new AgentError('no-private-engine', 'an engine of underdock’s own needs root', {
      remedy: 'run underdock as root, or use an engine that runs already with --engine host',
    });
  }
  const needed = ['containerd', 'dockerd', 'runc', 'setpriv', 'unshare', 'nsenter'];
  if (network === 'bridge') needed.push('ip', 'iptables');
  const missing = needed.filter((name) => !findProgram(name));
  if (missing.length === 0) return undefined;
  return new AgentError('no-private-engine', `${missing.join(', ')} is not installed`, {
    remedy: 'install it: apt-get install docker.io containerd runc util-linux iproute2 iptables',
  });
}

/**
 * Starts containerd and dockerd in `folder`, after what an earlier pair left there has been taken apart. Rejects with AgentError
 * `no-private-engine`, `state-path-too-long` or `daemon-failed`.
 */
export async function startPrivateEngine(options: PrivateEngineOptions): Promise<PrivateEngine> {
  const refusal = privateEngineRefusal(options.network);
  if (refusal) throw refusal;
  const { folder } = options;
  refuseLongPath(join(folder, 'containerd.sock'));
  mkdirSync(folder, { recursive: true, mode: 0o711 });
  const recovered = await cleanPrivateEngine(folder);
  const containerd = await startContainerd(options);
  const started: { stop(): Promise<void> }[] = [containerd];
  const stopAll = async () => {
    for (const one of started.reverse()) await one.stop();
    await cleanPrivateEngine(folder);
  };
  try {
    const door = options.network === 'bridge' ? await doorTo(containerd.pid, folder) : undefined;
    if (door) started.push({ stop: () => door.close() });
    const dockerd = await startDockerd(options, containerd.pid);
    started.push(dockerd);
    return await described(folder, containerd, dockerd, recovered, door, stopAll);
  } catch (error) {
    await stopAll();
    throw error;
  }
}

function doorTo(pid: number, folder: string): Promise<NetDoor> {
  return openNetDoor(pid, join(folder, 'door'), engineMark(folder));
}

async function described(
  folder: string,
  containerd: DaemonProcess,
  dockerd: DaemonProcess,
  recovered: readonly string[],
  door: NetDoor | undefined,
  close: () => Promise<void>,
): Promise<PrivateEngine> {
  const at = (name: string) => join(folder, name);
  return {
    ...(door ? { door } : {}),
    socket: at('docker.sock'),
    containerdSocket: at('containerd.sock'),
    version: await askVersion(at('docker.sock')),
    pids: { dockerd: dockerd.pid, containerd: containerd.pid },
    recovered,
    ended: Promise.race([dockerd, containerd].map(async ({ name, ended }) => `${name}: ${await ended}`)),
    close,
  };
}

function startContainerd({
  folder,
  network,
  limitMs = READY_MS,
}: PrivateEngineOptions): Promise<DaemonProcess> {
  const at = (name: string) => join(folder, name);
  const words = ['--root', at('ctd'), '--state', at('ctd-run'), '--address', at('containerd.sock')];
  writeFileSync(at('containerd.toml'), containerdConfig(at('opt')));
  const net = ['--net', 'sh', '-c', 'ip link set lo up; exec "$@"', 'sh'];
  const own = network === 'bridge' ? [...OWN_MOUNTS, ...net] : OWN_MOUNTS;
  return startDaemon({
    name: 'containerd',
    argv: [...own, 'containerd', '--config', at('containerd.toml'), ...words],
    log: at('containerd.log'),
    env: engineMark(folder),
    ready: () => connects(at('containerd.sock')),
    limitMs,
  });
}

/** As Docker's own package has it: the CRI, which would listen on a port, is off. */
function containerdConfig(opt: string): string {
  return `version = 2
disabled_plugins = ["io.containerd.grpc.v1.cri"]
[plugins."io.containerd.internal.v1.opt"]
  path = ${JSON.stringify(opt)}
`;
}

async function startDockerd(options: PrivateEngineOptions, containerdPid: number): Promise<DaemonProcess> {
  const { folder, network, limitMs = READY_MS } = options;
  const at = (name: string) => join(folder, name);
  const bridge = network === 'bridge';
  // The host's /etc/docker/daemon.json is not for this one: what both a file and a flag say, dockerd refuses.
  writeFileSync(at('daemon.json'), '{}\n');
  const words = [
    ...['--config-file', at('daemon.json'), '--containerd', at('containerd.sock')],
    ...['--data-root', at('docker'), '--exec-root', at('docker-run')],
    ...['-H', `unix://${at('docker.sock')}`, '-p', at('docker.pid')],
    // By these two its containers' cgroups can be told from everybody else's.
    ...['--exec-opt', 'native.cgroupdriver=cgroupfs', '--cgroup-parent', engineCgroup(folder)],
    ...(bridge ? [] : ['--bridge=none', '--iptables=false']),
    ...crunRuntime(folder),
  ];
  // It mounts the root filesystems that containerd's shims use: both see the same mounts.
  const inside = ['nsenter', '--target', String(containerdPid), '--mount', ...(bridge ? ['--net'] : [])];
  const proxy: Record<string, string> = bridge
    ? { HTTPS_PROXY: `http://127.0.0.1:${PROXY_PORT}`, NO_PROXY: '127.0.0.0/8,localhost' }
    : {};
  return startDaemon({
    name: 'dockerd',
    argv: [...inside, 'dockerd', ...words],
    log: at('dockerd.log'),
    env: { ...engineMark(folder), ...proxy },
    ready: () => askVersion(at('docker.sock')),
    limitMs,
  });
}

function crunRuntime(folder: string): string[] {
  const crun = crunProgram(folder);
  return crun === undefined ? [] : ['--add-runtime', `crun=${crun}`];
}
