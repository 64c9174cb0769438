import type { RunRequest } from '@underdock/trace';
import type { ContainerCreateOptions, HostConfig, MountSettings } from 'dockerode';
import { effectiveLimits } from '../embedded/limits.ts';
import { type PublishedPort, parsePublish } from './ports.ts';

/** What the request's flags do not say. */
export interface BodyContext {
  /** The image's name as the engine has it. */
  image: string;
  mounts: MountSettings[];
  labels: Record<string, string>;
  size?: { cols: number; rows: number } | undefined;
}

/** The body of `POST /containers/create` (Docker Engine API) that the flags mean. Throws AgentError for flags that are wrong. */
export function containerBody(request: RunRequest, context: BodyContext): ContainerCreateOptions {
  const { command, entrypoint, hostname, user, workdir, tty, interactive } = request;
  const ports = parsePublish(request.publish);
  return {
    Image: context.image,
    ...(command.length > 0 ? { Cmd: command } : {}),
    // As docker has it, an empty one takes the image's away.
    ...(entrypoint === undefined ? {} : { Entrypoint: [entrypoint] }),
    ...(hostname === undefined ? {} : { Hostname: hostname }),
    ...(user === undefined ? {} : { User: user }),
    ...(workdir === undefined ? {} : { WorkingDir: workdir }),
    Env: request.env,
    Labels: context.labels,
    Tty: tty,
    OpenStdin: interactive,
    StdinOnce: interactive,
    AttachStdin: interactive,
    AttachStdout: true,
    AttachStderr: true,
    ...(ports.length > 0
      ? { ExposedPorts: Object.fromEntries(ports.map((port) => [portName(port), {}])) }
      : {}),
    HostConfig: hostConfig(request, ports, context),
  };
}

function hostConfig(request: RunRequest, ports: PublishedPort[], context: BodyContext): HostConfig {
  const { network, runtime, readOnly, capAdd, capDrop } = request;
  const { memory, cpus, pidsLimit } = effectiveLimits(request);
  const { size, mounts } = context;
  return {
    Memory: memory,
    ...(cpus === undefined ? {} : { NanoCpus: Math.round(cpus * 1e9) }),
    PidsLimit: pidsLimit,
    ...(network === undefined ? {} : { NetworkMode: network }),
    ...(runtime === undefined ? {} : { Runtime: runtime }),
    ...(readOnly ? { ReadonlyRootfs: true } : {}),
    ...(capAdd.length > 0 ? { CapAdd: capAdd } : {}),
    ...(capDrop.length > 0 ? { CapDrop: capDrop } : {}),
    ...(mounts.length > 0 ? { Mounts: mounts } : {}),
    ...(ports.length > 0 ? { PortBindings: bindings(ports) } : {}),
    ...(size ? { ConsoleSize: [size.rows, size.cols] } : {}),
  };
}

function portName({ containerPort, protocol }: PublishedPort): string {
  return `${containerPort}/${protocol}`;
}

function bindings(ports: readonly PublishedPort[]): Record<string, { HostIp: string; HostPort: string }[]> {
  const bound: Record<string, { HostIp: string; HostPort: string }[]> = {};
  for (const port of ports) {
    bound[portName(port)] ??= [];
    bound[portName(port)]!.push({ HostIp: port.hostIp ?? '', HostPort: String(port.hostPort ?? '') });
  }
  return bound;
}

/**
 * The fields of such a body that a trace may hold: environment and labels by name alone. `defaults` names those limits that are
 * underdock's own.
 */
export function toldFields(
  body: ContainerCreateOptions,
  defaults: readonly string[],
): Record<string, unknown> {
  const { Env = [], Labels = {}, ...rest } = body;
  return {
    ...rest,
    ...(Env.length > 0 ? { Env: Env.map((entry) => entry.split('=', 1)[0]) } : {}),
    Labels: Object.keys(Labels),
    ...(defaults.length > 0 ? { defaults } : {}),
  };
}
