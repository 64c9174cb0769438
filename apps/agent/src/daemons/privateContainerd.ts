import { execFile } from 'node:child_process';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { AgentError } from '../error.ts';
import { findProgram, programPath } from '../programs.ts';
import { containerdConfig } from './containerdConfig.ts';
import { type DaemonProcess, startDaemon } from './daemonProcess.ts';
import { openPodNetwork, type PodNetwork } from './podNetwork.ts';
import { connects, crunProgram, OWN_MOUNTS, refuseLongPath } from './privateDaemon.ts';
import { cleanPrivateEngine, engineCgroup, engineMark } from './privateEngineRemains.ts';

/** A containerd of underdock's own with its CRI plugin, running. */
export interface PrivateContainerd {
  socket: string;
  pid: number;
  /** As `containerd --version` says it. */
  version: string;
  /** Containers’ cgroups belong below this one: by it they can be told from everybody else’s. */
  cgroup: string;
  /** What an earlier one in this folder had left, and what was done about it, in words. */
  recovered: readonly string[];
  /** Resolves when it has ended, with how. */
  ended: Promise<string>;
  /** Ends it and takes away what is left. Images, and containers that are kept, stay on disk. */
  close(): Promise<void>;
}

/** What a private containerd is started with. */
export interface PrivateContainerdOptions {
  /** Its roots, socket and log lie here; nobody else uses it. */
  folder: string;
  /** `HOST:PORT` of a registry on loopback; it has the pause image. */
  registry: string;
  /** The image that holds a pod’s namespaces open. */
  pauseImage: string;
  limitMs?: number;
}

const READY_MS = 60_000;
const run = promisify(execFile);

/** Why no containerd of underdock’s own can be started here; undefined when one can. */
export function privateContainerdRefusal(): AgentError | undefined {
  if (process.geteuid?.() !== 0) {
    return new AgentError('no-private-containerd', 'a containerd of underdock’s own needs root', {
      remedy: 'run underdock as root, or name one that runs already with --socket',
    });
  }
  const needed = ['containerd', 'containerd-shim-runc-v2', 'runc', 'setpriv', 'unshare'];
  const missing = needed.filter((name) => !findProgram(name));
  if (missing.length === 0) return undefined;
  return new AgentError('no-private-containerd', `${missing.join(', ')} is not installed`, {
    remedy: 'install it: apt-get install containerd runc util-linux',
  });
}

/**
 * Starts containerd in `folder`, after what an earlier one left there has been taken apart. Rejects with AgentError
 * `no-private-containerd`, `state-path-too-long` or `daemon-failed`.
 */
export async function startPrivateContainerd(options: PrivateContainerdOptions): Promise<PrivateContainerd> {
  const refusal = privateContainerdRefusal();
  if (refusal) throw refusal;
  const { folder } = options;
  const socket = join(folder, 'containerd.sock');
  refuseLongPath(socket);
  mkdirSync(folder, { recursive: true, mode: 0o711 });
  const recovered = await cleanPrivateEngine(folder);
  const version = await versionOf('containerd');
  const network = await openPodNetwork(folder);
  writeConfig(options, Number.parseInt(version, 10), network);
  const daemon = await start(options, network).catch(async (error: unknown) => {
    await network.stop();
    throw error;
  });
  return {
    socket,
    pid: daemon.pid,
    version,
    cgroup: engineCgroup(folder),
    recovered,
    ended: daemon.ended,
    close: async () => {
      await daemon.stop();
      await network.stop();
      await cleanPrivateEngine(folder);
    },
  };
}

/** `1.6.20`, of `containerd github.com/containerd/containerd v1.6.20 …`; `0` where it says something else. */
async function versionOf(program: string): Promise<string> {
  const { stdout } = await run(programPath(program), ['--version'], { timeout: 5000 });
  return /\sv?(\d+\.\d+\.\d+\S*)/.exec(stdout)?.[1] ?? '0';
}

function writeConfig(
  { folder, registry, pauseImage }: PrivateContainerdOptions,
  major: number,
  { cni }: PodNetwork,
): void {
  const at = (...names: string[]) => join(folder, ...names);
  mkdirSync(at('hosts', registry), { recursive: true });
  const server = `http://${registry}`;
  writeFileSync(
    at('hosts', registry, 'hosts.toml'),
    `server = "${server}"\n[host."${server}"]\n  capabilities = ["pull", "resolve"]\n`,
  );
  const crun = crunProgram(folder);
  const config = containerdConfig({
    major,
    opt: at('opt'),
    runtimeRoot: at('ctd-run', 'runtimes'),
    pauseImage,
    hosts: at('hosts'),
    cni,
    runtimes: crun === undefined ? {} : { crun },
  });
  writeFileSync(at('containerd.toml'), config);
}

function start(
  { folder, limitMs = READY_MS }: PrivateContainerdOptions,
  { before }: PodNetwork,
): Promise<DaemonProcess> {
  const at = (name: string) => join(folder, name);
  const words = ['--root', at('ctd'), '--state', at('ctd-run'), '--address', at('containerd.sock')];
  return startDaemon({
    name: 'containerd',
    argv: [
      ...OWN_MOUNTS,
      'sh',
      '-c',
      `${before}; exec "$@"`,
      'sh',
      'containerd',
      '--config',
      at('containerd.toml'),
      ...words,
    ],
    log: at('containerd.log'),
    env: engineMark(folder),
    ready: () => connects(at('containerd.sock')),
    limitMs,
  });
}
