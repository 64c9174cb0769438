import type { RunRequest } from '@underdock/trace';
import { AgentError } from '../../error.ts';
import { MASKED_PATHS, READONLY_PATHS } from '../embedded/bundle/mounts.ts';
import { userMounts } from '../embedded/bundle/volumes.ts';
import { effectiveLimits } from '../embedded/limits.ts';
import type { ContainerConfig, LinuxResources, NamespaceOption, PodSandboxConfig } from './messages.ts';

/** Marks what underdock has made in a runtime, with the run's id. */
export const RUN_LABEL = 'underdock.run';
/** Name of a container's log below the pod's folder. */
export const LOG_NAME = '0.log';

/** What the flags do not say. */
export interface PodContext {
  run: string;
  name: string;
  image: string;
  logs: string;
  /** The pod's own cgroup; empty where the runtime chooses one. */
  cgroup: string;
  /** In the node's own network namespace. */
  onNode: boolean;
  /** The number of processes can be limited by a name of cgroup v2. */
  unified: boolean;
  mounts: ContainerConfig['mounts'];
}

/** Throws AgentError `not-in-cri` for what the CRI has no words for, each with what to do instead. */
export function refuseInexpressible(request: RunRequest): void {
  const { interactive, tty, publish, plainHttp, network } = request;
  const refusals: [boolean, string, string][] = [
    [
      interactive || tty,
      `${tty ? '--tty' : '--interactive'} needs the runtime’s streaming server (Attach), which underdock does not speak`,
      'leave it out, or take --via docker, containerd or embedded',
    ],
    [
      publish.length > 0,
      '--publish is a cluster’s work (a Service), and not asked of the runtime here',
      'take --network host, where the ports are the host’s, or --via docker',
    ],
    [
      plainHttp,
      '--plain-http can’t be passed on: the runtime decides that by itself',
      'name the registry in the runtime’s own configuration (hosts.toml, registries.conf); loopback needs nothing',
    ],
    [
      network !== undefined && network !== 'host' && network !== 'pod',
      `--network ${network} is not known to the CRI: a pod has a network of its own, or the node’s`,
      'leave it out for the pod’s own, or take --network host',
    ],
    [
      network === 'host' && request.hostname !== undefined,
      '--hostname has no meaning in the node’s network: the pod shares the node’s name too',
      'leave one of the two out',
    ],
  ];
  for (const [refused, message, remedy] of refusals) if (refused) throw notInCri(message, remedy);
  userOf(request.user);
}

/** An error for something that the CRI can't express. */
export function notInCri(message: string, remedy: string): AgentError {
  return new AgentError('not-in-cri', message, { remedy });
}

/** Host folders as the CRI mounts them. Rejects for those that are not allowed, and for what is no folder or file. */
export async function criMounts(
  request: Pick<RunRequest, 'volume' | 'mount'>,
  allowed: readonly string[],
): Promise<ContainerConfig['mounts']> {
  const mounts = await userMounts(request, allowed);
  return mounts.map(({ mount: { destination, type, source = '', options = [] } }) => {
    if (type === 'tmpfs') {
      throw notInCri(
        `--mount type=tmpfs (${destination}) is not known to the CRI: a kubelet makes such a volume itself and binds it`,
        'bind a folder of the host: --volume /dev/shm/NAME:/folder',
      );
    }
    return { containerPath: destination, hostPath: source, readonly: options.includes('ro') };
  });
}

/** What RunPodSandbox is asked for. */
export function podConfig(request: RunRequest, context: PodContext): PodSandboxConfig {
  const { run, name, logs, cgroup, onNode } = context;
  return {
    metadata: { name, uid: run, namespace: 'underdock', attempt: 0 },
    hostname: onNode ? '' : (request.hostname ?? name).slice(0, 63),
    logDirectory: logs,
    // As a kubelet writes them: crictl shows pods by these.
    labels: {
      'io.kubernetes.pod.name': name,
      'io.kubernetes.pod.namespace': 'underdock',
      'io.kubernetes.pod.uid': run,
      [RUN_LABEL]: run,
    },
    linux: {
      cgroupParent: cgroup,
      securityContext: { namespaceOptions: namespaces(onNode), seccomp: { profileType: 'RuntimeDefault' } },
    },
  };
}

/** What CreateContainer is asked for. Throws AgentError for flags that are wrong. */
export function containerConfig(request: RunRequest, context: PodContext): ContainerConfig {
  const { entrypoint, command, workdir = '', env, readOnly, capAdd, capDrop } = request;
  const plain = (name: string) => name.toUpperCase().replace(/^CAP_/, '');
  return {
    metadata: { name: context.name, attempt: 0 },
    image: { image: context.image },
    command: entrypoint ? [entrypoint] : [],
    args: command,
    workingDir: workdir,
    envs: env.map(pairOf).filter((pair) => pair !== undefined),
    mounts: context.mounts,
    labels: { 'io.kubernetes.container.name': context.name, [RUN_LABEL]: context.run },
    logPath: LOG_NAME,
    linux: {
      resources: resourcesOf(request, context.unified),
      securityContext: {
        capabilities: { addCapabilities: capAdd.map(plain), dropCapabilities: capDrop.map(plain) },
        namespaceOptions: namespaces(context.onNode),
        ...userOf(request.user),
        readonlyRootfs: readOnly,
        // A kubelet sends these: a runtime hides nothing by itself.
        maskedPaths: MASKED_PATHS,
        readonlyPaths: READONLY_PATHS,
        seccomp: { profileType: 'RuntimeDefault' },
      },
    },
  };
}

/** Pod: network and IPC are shared by its containers, as Kubernetes has it; pids are each container’s own. */
function namespaces(onNode: boolean): NamespaceOption {
  return { network: onNode ? 'NODE' : 'POD', pid: 'CONTAINER', ipc: 'POD' };
}

const PERIOD = 100_000;

/** Limits as the CRI takes them; of processes only where cgroup v2 has a name for that. */
export function resourcesOf(
  request: Pick<RunRequest, 'memory' | 'cpus' | 'pidsLimit'>,
  unified: boolean,
): LinuxResources {
  const { memory, cpus, pidsLimit } = effectiveLimits(request);
  return {
    memoryLimitInBytes: memory,
    ...(cpus === undefined ? {} : { cpuPeriod: PERIOD, cpuQuota: Math.round(cpus * PERIOD) }),
    ...(unified && pidsLimit > 0 ? { unified: { 'pids.max': String(pidsLimit) } } : {}),
  };
}

type User = Pick<ContainerConfig['linux']['securityContext'], 'runAsUser' | 'runAsGroup' | 'runAsUsername'>;

/** `1000`, `1000:1000` or a name of the image’s; a group by name the CRI does not take. */
function userOf(user: string | undefined): User {
  if (user === undefined) return { runAsUsername: '' };
  const [name = '', group] = user.split(':', 2);
  if (group !== undefined && !/^\d+$/.test(group)) {
    throw notInCri(`--user ${user}: the CRI takes a group by its number alone`, 'write the group’s number');
  }
  const own = /^\d+$/.test(name);
  if (group !== undefined && !own) {
    throw notInCri(`--user ${user}: with a group the CRI takes a user by number alone`, 'write both numbers');
  }
  return {
    ...(own ? { runAsUser: { value: Number(name) } } : {}),
    ...(group === undefined ? {} : { runAsGroup: { value: Number(group) } }),
    runAsUsername: own ? '' : name,
  };
}

/** `KEY=value`; a name alone takes its value from underdock’s own environment, as docker has it. */
function pairOf(entry: string): { key: string; value: string } | undefined {
  const at = entry.indexOf('=');
  if (at > 0) return { key: entry.slice(0, at), value: entry.slice(at + 1) };
  return undefined;
}

/** The fields of a message that a trace may hold: environment and labels by name alone. */
export function toldContainer(config: ContainerConfig, defaults: readonly string[]): Record<string, unknown> {
  const { envs, labels, ...rest } = config;
  return {
    ...rest,
    ...(envs.length > 0 ? { envs: envs.map(({ key }) => key) } : {}),
    labels: Object.keys(labels),
    ...(defaults.length > 0 ? { defaults } : {}),
  };
}

/** The same for a pod. */
export function toldPod({ labels, ...rest }: PodSandboxConfig): Record<string, unknown> {
  return { ...rest, labels: Object.keys(labels) };
}
