import type { RunRequest } from '@underdock/trace';
import { EmbeddedError } from '../error.ts';
import type { HostAbilities } from './host.ts';
import type { OciResources } from './ociConfig.ts';
import type { Origins } from './provenance.ts';
import { parseSize } from './sizes.ts';

/** Limits that hold unless a flag says otherwise. */
export const DEFAULT_LIMITS = { memory: 512 * 1024 * 1024, pidsLimit: 256 } as const;

const LEAST_MEMORY = 6 * 1024 * 1024;
const PERIOD_US = 100_000;
const RWM = 'rwm';

/** The device rules that runtimes give every container: nothing, then making any node, then the harmless ones (config-linux.md). */
export function deviceRules(): NonNullable<OciResources['devices']> {
  const allowed: [string, number | undefined, number | undefined, string][] = [
    ['c', undefined, undefined, 'm'],
    ['b', undefined, undefined, 'm'],
    ['c', 1, 3, RWM], // null
    ['c', 1, 5, RWM], // zero
    ['c', 1, 7, RWM], // full
    ['c', 1, 8, RWM], // random
    ['c', 1, 9, RWM], // urandom
    ['c', 5, 0, RWM], // tty
    ['c', 5, 1, RWM], // console
    ['c', 5, 2, RWM], // ptmx
    ['c', 136, undefined, RWM], // pts/*
  ];
  const rules = allowed.map(([type, major, minor, access]) => ({
    allow: true,
    type,
    ...(major === undefined ? {} : { major }),
    ...(minor === undefined ? {} : { minor }),
    access,
  }));
  return [{ allow: false, access: RWM }, ...rules];
}

type Limits = Pick<RunRequest, 'memory' | 'cpus' | 'pidsLimit'>;

function refused(host: HostAbilities, what: string): string {
  const { why, layout } = host.cgroup;
  return why === undefined
    ? `the ${what} controller is not available in this ${layout} hierarchy`
    : `not permitted: ${why}`;
}

function memory(request: Limits, host: HostAbilities, origins: Origins): OciResources['memory'] {
  const from = request.memory === undefined ? 'default' : 'flag';
  const limit = request.memory === undefined ? DEFAULT_LIMITS.memory : parseSize(request.memory, '--memory');
  if (limit < LEAST_MEMORY) {
    throw new EmbeddedError('bad-memory', `--memory ${request.memory} is less than 6m`, {
      remedy: 'ask for at least --memory 6m: with less no process comes up',
    });
  }
  if (!host.cgroup.limits.memory) {
    origins.miss('memory limit', refused(host, 'memory'));
    return undefined;
  }
  origins.add(from, '--memory', 'linux.resources.memory.limit', limit);
  if (!host.cgroup.limits.swap) {
    origins.miss('swap limit', 'this kernel does not count swap per cgroup');
    return { limit };
  }
  // docker's rule: memory and swap together may be twice the memory.
  origins.add('default', '--memory-swap', 'linux.resources.memory.swap', limit * 2);
  return { limit, swap: limit * 2 };
}

function cpu(request: Limits, host: HostAbilities, origins: Origins): OciResources['cpu'] {
  if (request.cpus === undefined) return undefined;
  if (request.cpus < 0.01 || request.cpus > host.cpus) {
    throw new EmbeddedError('bad-cpus', `--cpus ${request.cpus} is not between 0.01 and ${host.cpus}`, {
      remedy: `this host has ${host.cpus} processors; ask for no more`,
    });
  }
  if (!host.cgroup.limits.cpu) {
    origins.miss('cpu limit', refused(host, 'cpu'));
    return undefined;
  }
  const quota = Math.round(request.cpus * PERIOD_US);
  origins.add('flag', '--cpus', 'linux.resources.cpu.quota', quota);
  origins.add('default', '--cpu-period', 'linux.resources.cpu.period', PERIOD_US);
  return { quota, period: PERIOD_US };
}

function pids(request: Limits, host: HostAbilities, origins: Origins): OciResources['pids'] {
  const limit = request.pidsLimit ?? DEFAULT_LIMITS.pidsLimit;
  if (limit === -1) return undefined;
  if (!host.cgroup.limits.pids) {
    origins.miss('pids limit', refused(host, 'pids'));
    return undefined;
  }
  const from = request.pidsLimit === undefined ? 'default' : 'flag';
  origins.add(from, '--pids-limit', 'linux.resources.pids.limit', limit);
  return { limit };
}

/** Limits as the flags, underdock's defaults and this host's cgroups have them; undefined where nothing can be limited. */
export function buildResources(
  request: Limits,
  host: HostAbilities,
  origins: Origins,
): OciResources | undefined {
  const parts: OciResources = {
    memory: memory(request, host, origins),
    cpu: cpu(request, host, origins),
    pids: pids(request, host, origins),
  };
  if (host.root) parts.devices = deviceRules();
  else
    origins.miss(
      'device rules',
      'an ordinary user can’t make device nodes, so there is nothing to allow or deny',
    );
  const known = Object.entries(parts).filter(([, value]) => value !== undefined);
  return known.length === 0 ? undefined : (Object.fromEntries(known) as OciResources);
}
