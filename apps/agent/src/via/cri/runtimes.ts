import { readFileSync } from 'node:fs';
import type { RunRequest } from '@underdock/trace';
import type { OwnContainerd } from '../../daemons/ownContainerd.ts';
import { privateContainerdRefusal } from '../../daemons/privateContainerd.ts';
import { AgentError } from '../../error.ts';
import { cgroupMounts } from '../embedded/bundle/cgroups.ts';
import { silentTell } from '../embedded/lowLevel/silentTell.ts';
import { openDaemon } from '../grpc/daemon.ts';
import { askCri, type CriAsking, type CriRuntime } from './ask.ts';
import type { CriStatus, CriVersion } from './messages.ts';

type Wanted = Pick<RunRequest, 'engine' | 'socket'>;
type Env = Record<string, string | undefined>;

/** The container runtimes that can be commanded by the CRI from here. */
export interface CriRuntimes {
  /** The one that a request asks for; underdock’s own containerd where none runs. Told when asked for with `asking`. */
  choose(wanted: Wanted, asking?: CriAsking): Promise<CriRuntime>;
  /** Throws AgentError `socket-not-allowed` for a socket that whoever asks may not name. */
  checkSocket(socket: string, allowedMounts: readonly string[]): void;
}

/** Where runtimes that speak the CRI usually listen. */
export const CRI_SOCKETS = [
  '/run/containerd/containerd.sock',
  '/run/crio/crio.sock',
  '/run/k3s/containerd/containerd.sock',
];
/** crictl’s own variable for the same purpose. */
const ENDPOINT = 'CONTAINER_RUNTIME_ENDPOINT';
const HOST_CGROUP = '/underdock';
const ASK_MS = 5000;
/** After its start a containerd refuses until its CRI plugin is ready. */
const READY_MS = 10_000;
const silent: CriAsking = { tell: silentTell, cause: [], timeoutMs: ASK_MS };

/** Looks for runtimes where kubelet and crictl would. */
export function createCriRuntimes(own: OwnContainerd, env: Env): CriRuntimes {
  return {
    async choose({ engine, socket }, asking = silent) {
      if (socket !== undefined) return open(socket, 'host', asking);
      if (engine === 'private') return openOwn(own, asking);
      const found = await findRuntime(env);
      if (found) return open(found, 'host', asking);
      if (engine === 'host' || privateContainerdRefusal()) throw noRuntime(env);
      return openOwn(own, asking);
    },
    checkSocket(socket, allowedMounts) {
      // Who may mount the host's root could reach any socket anyway.
      if (allowedMounts.includes('/') || placesOf(env).includes(socket)) return;
      throw new AgentError('socket-not-allowed', `the socket ${socket} may not be commanded from here`, {
        remedy: `start underdock with ${ENDPOINT}=unix://${socket}, or leave --socket out`,
      });
    },
  };
}

function placesOf(env: Env): string[] {
  const named = env[ENDPOINT]?.replace(/^unix:\/\//, '');
  return [...(named ? [named] : []), ...CRI_SOCKETS];
}

async function findRuntime(env: Env): Promise<string | undefined> {
  for (const socket of placesOf(env)) {
    const answers = await open(socket, 'host', silent).then(
      ({ daemon }) => daemon.close(),
      () => false,
    );
    if (answers !== false) return socket;
  }
  return undefined;
}

function noRuntime(env: Env): AgentError {
  const refusal = privateContainerdRefusal();
  const why = refusal ? `, and ${refusal.message}` : '';
  return new AgentError('no-cri', `nothing speaks the CRI here: asked ${placesOf(env).join(', ')}${why}`, {
    remedy:
      refusal?.remedy ??
      'start containerd or CRI-O, or leave --engine out for a containerd of underdock’s own',
  });
}

async function openOwn(own: OwnContainerd, asking: CriAsking): Promise<CriRuntime> {
  const { socket, pid, cgroup, ended } = await own.get();
  let dead: string | undefined;
  void ended.then((how) => {
    dead = how;
  });
  const until = performance.now() + READY_MS;
  for (;;) {
    try {
      const ready = await open(socket, 'private', asking);
      const { daemon } = ready;
      return { ...ready, cgroup, death: () => dead, daemon: { ...daemon, actor: { ...daemon.actor, pid } } };
    } catch (error) {
      if (performance.now() > until || !/not initialized/.test((error as Error).message)) throw error;
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
  }
}

async function open(socket: string, kind: 'host' | 'private', asking: CriAsking): Promise<CriRuntime> {
  const isCrio = socket.includes('crio');
  const name = isCrio ? 'CRI-O' : 'containerd';
  const daemon = await openDaemon({
    name,
    socket,
    actor: { name: isCrio ? 'crio' : 'containerd' },
    protos: ['cri/runtime'],
    remedies: {
      start: `start it (systemctl start ${isCrio ? 'crio' : 'containerd'}), or name another socket with --socket`,
      permission: 'run underdock as root: a runtime’s socket is root’s alone',
      version:
        'that is no CRI runtime of version v1: enable containerd’s cri plugin (disabled_plugins in /etc/containerd/config.toml), take containerd 1.6 or CRI-O 1.23 or later, or name another socket',
    },
  });
  try {
    const version = await askCri<CriVersion>(
      { daemon },
      'Version',
      { version: 'v1' },
      { ...asking, crictl: 'version' },
    );
    const status = await askCri<CriStatus>(
      { daemon },
      'Status',
      { verbose: true },
      { ...asking, crictl: 'info' },
    );
    const actor = {
      name: version.runtimeName === 'cri-o' ? 'crio' : version.runtimeName,
      version: version.runtimeVersion,
    };
    return { daemon: { ...daemon, actor }, kind, ...described(version, status) };
  } catch (error) {
    daemon.close();
    throw error;
  }
}

function described(version: CriVersion, { status, info }: CriStatus): Omit<CriRuntime, 'daemon' | 'kind'> {
  const isReady = (type: string) => status?.conditions.find((one) => one.type === type)?.status === true;
  if (!isReady('RuntimeReady')) {
    const why =
      status?.conditions.find(({ type }) => type === 'RuntimeReady')?.message ?? 'it gives no reason';
    throw new AgentError('runtime-not-ready', `${version.runtimeName} is not ready: ${why}`, {
      remedy: 'look at its log, and try again when it has come up',
    });
  }
  const config = configOf(info.config);
  return {
    cgroup: usesSlices(version, config) ? undefined : HOST_CGROUP,
    networkReady: isReady('NetworkReady'),
    ...(config.sandboxImage ? { pauseImage: config.sandboxImage } : {}),
  };
}

/** containerd tells its CRI configuration with a verbose status. */
interface ToldConfig {
  sandboxImage?: string;
  containerd?: { runtimes?: { runc?: { options?: { SystemdCgroup?: boolean } } } };
}

function configOf(text: string | undefined): ToldConfig {
  try {
    return JSON.parse(text ?? '{}') as ToldConfig;
  } catch {
    return {};
  }
}

/** CRI-O asks systemd unless it is told otherwise. */
function usesSlices({ runtimeName }: CriVersion, config: ToldConfig): boolean {
  if (config.containerd) return config.containerd.runtimes?.runc?.options?.SystemdCgroup === true;
  return runtimeName === 'cri-o';
}

/** Whether limits of processes can be handed on by the CRI itself: only by names of cgroup v2. */
export function hasUnifiedCgroups(): boolean {
  return cgroupMounts(readFileSync('/proc/self/mountinfo', 'utf8')).layout === 'v2';
}
