import { setTimeout as pause } from 'node:timers/promises';
import type { ReadBackRecord } from '@underdock/weave';
import type Docker from 'dockerode';
import type { ContainerInspectInfo, ImageInspectInfo } from 'dockerode';
import { listeningSockets } from '../../daemons/findDaemons.ts';
import { openDocker } from './engine.ts';

/** An engine that does not answer at once is not waited for: it is somebody else’s, and may hang. */
const ANSWER_MS = 5000;

/** What an engine says of a container that somebody else made, read back. */
export interface EngineLook {
  /** Records without instants of their own: `now` stamps them. Empty when no socket of the engine’s answers. */
  container(dockerdPid: number, id: string, now: () => number): Promise<ReadBackRecord[]>;
}

/** Looks through the sockets that an engine’s process listens on; the one that answers is remembered. */
export function createEngineLook(): EngineLook {
  const clients = new Map<number, Docker>();
  const inspect = async (docker: Docker, id: string) => {
    const abortSignal = AbortSignal.timeout(ANSWER_MS);
    const info = await docker.getContainer(id).inspect({ abortSignal });
    return info.Id === id ? info : undefined;
  };
  const find = async (pid: number, id: string) => {
    const known = clients.get(pid);
    const first = known && (await inspect(known, id).catch(() => undefined));
    if (known && first) return { docker: known, info: first };
    // The pid may be another engine’s by now.
    clients.delete(pid);
    for (const docker of await clientsOf(pid)) {
      const info = await inspect(docker, id).catch(() => undefined);
      if (!info) continue;
      clients.set(pid, docker);
      return { docker, info };
    }
    return undefined;
  };
  return {
    async container(pid, id, now) {
      const found = await find(pid, id);
      if (!found) return [];
      const { docker, info } = found;
      const image = await inTime(docker.getImage(info.Image).inspect()).catch(() => undefined);
      const records = [tellContainer(info, image, pid, now())];
      const layers = image ? await inTime(layersOf(docker, info, image)).catch(() => []) : [];
      const snapshot = tellSnapshot(info, layers.length, now());
      if (snapshot) records.push(snapshot);
      return [...records, ...layers.map((layer) => tellLayer(info, layer, now()))];
    },
  };
}

// These questions take no signal.
function inTime<T>(answer: Promise<T>): Promise<T> {
  const late = pause(ANSWER_MS, undefined, { ref: false }).then(() => {
    throw new Error(`the engine has not answered for ${ANSWER_MS / 1000} s`);
  });
  return Promise.race([answer, late]);
}

async function clientsOf(pid: number): Promise<Docker[]> {
  return Promise.all((await listeningSockets(pid)).map(openDocker));
}

const base = (info: ContainerInspectInfo, at: number) =>
  ({ kind: 'read-back', at, container: info.Id }) as const;

function tellContainer(
  info: ContainerInspectInfo,
  of: ImageInspectInfo | undefined,
  pid: number,
  at: number,
): ReadBackRecord {
  const { Name, Config, HostConfig, State, Image } = info;
  const name = Name.replace(/^\//, '');
  const state = State.Status === 'created' ? 'created' : State.Running ? 'running' : 'stopped';
  // Go writes a list without elements as null.
  const { Env, Labels, ...config } = Config;
  const names = (Env ?? []).map((entry) => entry.split('=', 1)[0]);
  const service = Labels?.['com.docker.compose.service'];
  return {
    ...base(info, at),
    step: 'engine/has-container',
    layer: 'engine',
    actor: { name: 'dockerd', pid },
    data: {
      id: info.Id,
      name,
      state,
      image: Config.Image || Image,
      ...(of ? digestsOf(of, Config.Image) : {}),
      ...(service ? { service } : {}),
      inspect: { ...pick(config, CONFIG), Env: names, HostConfig: pick(HostConfig, HOST_CONFIG) },
    },
    file: `GET /containers/${info.Id.slice(0, 12)}/json`,
    text: `${name}, ${state}`,
  };
}

/** An image that was never pulled or pushed has no digest but that of its configuration. */
function digestsOf({ Id, RepoDigests }: ImageInspectInfo, name: string): Record<string, string> {
  const repository = name.replace(/(:[^:/]+)?(@.*)?$/, '');
  const all = RepoDigests ?? [];
  const named = all.find((one) => one.startsWith(`${repository}@`)) ?? all[0];
  const digest = named?.split('@')[1];
  return {
    ...(digest ? { digest } : {}),
    ...(digest === Id ? {} : { configDigest: Id }),
  };
}

/** What flags come to in the API; nothing else of what inspect answers is kept. */
const CONFIG = [
  'Image',
  'Hostname',
  'User',
  'Cmd',
  'Entrypoint',
  'WorkingDir',
  'Tty',
  'OpenStdin',
  'ExposedPorts',
];
const HOST_CONFIG = [
  ...[
    'Memory',
    'MemorySwap',
    'MemoryReservation',
    'NanoCpus',
    'CpuQuota',
    'CpuPeriod',
    'CpuShares',
    'PidsLimit',
  ],
  ...[
    'CapAdd',
    'CapDrop',
    'ReadonlyRootfs',
    'NetworkMode',
    'Binds',
    'Mounts',
    'PortBindings',
    'RestartPolicy',
  ],
  ...['Privileged', 'Runtime', 'AutoRemove', 'SecurityOpt', 'UsernsMode', 'PidMode', 'IpcMode', 'Tmpfs'],
];

function pick(from: object, names: readonly string[]): Record<string, unknown> {
  const known = from as Record<string, unknown>;
  return Object.fromEntries(names.flatMap((name) => (isSaid(known[name]) ? [[name, known[name]]] : [])));
}

function isSaid(value: unknown): boolean {
  return (
    value !== undefined && value !== null && value !== '' && !(Array.isArray(value) && value.length === 0)
  );
}

/** A layer of the image, and the folder that holds its files. */
interface Layer {
  index: number;
  diffId: string;
  createdBy?: string;
  bytes?: number;
  folder?: string;
}

async function layersOf(
  docker: Docker,
  info: ContainerInspectInfo,
  { RootFS }: ImageInspectInfo,
): Promise<Layer[]> {
  const image = docker.getImage(info.Image);
  const diffIds = RootFS?.Layers ?? [];
  // The newest entry comes first; entries that changed no file have no layer.
  const steps = ((await image.history()) as { CreatedBy?: string; Size?: number }[]).toReversed();
  const filled = steps.filter(({ Size = 0 }) => Size > 0);
  const matching = filled.length === diffIds.length ? filled : steps.length === diffIds.length ? steps : [];
  const folders = overlayFolders(info).layers;
  return diffIds.map((diffId, index) => {
    const { CreatedBy, Size } = matching[index] ?? {};
    const folder = folders.length === diffIds.length ? folders[index] : undefined;
    return {
      index,
      diffId,
      ...(CreatedBy ? { createdBy: toldStep(CreatedBy) } : {}),
      ...(Size === undefined ? {} : { bytes: Size }),
      ...(folder ? { folder } : {}),
    };
  });
}

/** A step of a build without the values of its arguments, which the builder writes before it: `|2 A=… B=… /bin/sh -c make`. */
export function toldStep(createdBy: string): string {
  return createdBy.replace(/\|(\d+) [\s\S]*?(?= \/bin\/|$)/, '|$1 …').slice(0, 300);
}

/** overlay2’s folders: LowerDir has the topmost first, and before all the engine’s own `-init` with its mount points. */
function overlayFolders(info: ContainerInspectInfo) {
  const data = (info.GraphDriver?.Data ?? {}) as Record<string, string>;
  const lower = (data.LowerDir ?? '').split(':').filter((one) => one !== '');
  return {
    lower,
    layers: lower.filter((one) => !/-init\/diff$/.test(one)).toReversed(),
    upper: data.UpperDir,
    work: data.WorkDir,
    merged: data.MergedDir,
  };
}

/** What a container’s root filesystem is mounted of; undefined where the engine does not say. */
export function snapshotData(info: ContainerInspectInfo): Record<string, unknown> | undefined {
  const { lower, layers, upper, work, merged } = overlayFolders(info);
  return merged ? { kind: 'overlay', target: merged, layers: layers.length, lower, upper, work } : undefined;
}

function tellSnapshot(info: ContainerInspectInfo, layers: number, at: number): ReadBackRecord | undefined {
  const data = snapshotData(info);
  if (!data) return undefined;
  return {
    ...base(info, at),
    step: 'high-level/has-snapshot',
    layer: 'high-level',
    actor: { name: 'dockerd' },
    data: { ...data, layers },
    file: `GET /containers/${info.Id.slice(0, 12)}/json`,
    text: `GraphDriver ${info.GraphDriver?.Name}`,
  };
}

function tellLayer(info: ContainerInspectInfo, layer: Layer, at: number): ReadBackRecord {
  const { bytes, ...rest } = layer;
  return {
    ...base(info, at),
    step: 'high-level/has-layer',
    layer: 'high-level',
    actor: { name: 'dockerd' },
    data: { ...rest, ...(bytes === undefined ? {} : { unpackedBytes: bytes }), cached: true },
    file: `GET /images/${info.Image.slice(0, 19)}/json`,
    text: layer.diffId,
  };
}
