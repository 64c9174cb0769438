import { release } from 'node:os';
import { join } from 'node:path';
import type { Check, DoctorReport, Via } from '@underdock/trace';
import { READY_VIAS } from '../cli/chooseVia.ts';
import { describeHost } from '../run/host.ts';
import { readHostAbilities } from '../via/embedded/bundle/host.ts';
import { openByHand } from '../via/embedded/lowLevel/byHand.ts';
import { type FoundRuntime, findRuntimes } from '../via/embedded/lowLevel/runtimes.ts';
import { cgroupCheck, layoutOf } from './cgroups.ts';
import { daemonChecks } from './daemons.ts';
import { engineChecks, runtimeChecks, toolCheck } from './engines.ts';
import { isolationChecks } from './isolation.ts';
import { portCheck, spaceCheck } from './space.ts';
import { environmentOf, osName, surroundingChecks } from './surroundings.ts';
import { createSystem, type System } from './system.ts';
import { watchingChecks } from './watching.ts';

export interface ExamineOptions {
  /** Has to exist: overlays are tried in it. */
  stateDir: string;
  env: Record<string, string | undefined>;
}

/** Looks at this host: what is there, what that means, what to do about it. Takes a second or two. */
export async function examineHost({ stateDir, env }: ExamineOptions): Promise<DoctorReport> {
  const linux = process.platform === 'linux';
  const runtimes = linux ? await runtimesOf(stateDir) : [];
  const daemons = linux ? await daemonChecks() : [];
  return examine(createSystem(env), stateDir, runtimes, (await describeHost()).versions, daemons);
}

/** The same for a given system and the runtimes that were found on it. */
export async function examine(
  system: System,
  stateDir: string,
  runtimes: readonly FoundRuntime[],
  versions: Record<string, string>,
  daemons: readonly Check[] = [],
): Promise<DoctorReport> {
  const environment = environmentOf(system);
  const checks = surroundingChecks(system, environment);
  if (system.platform === 'linux') {
    const [isolation, watching, engines, tools] = await Promise.all([
      isolationChecks(system, stateDir),
      watchingChecks(system),
      engineChecks(system),
      toolCheck(system),
    ]);
    checks.push(
      cgroupCheck(system),
      ...isolation,
      ...runtimeChecks(runtimes),
      tools,
      ...watching,
      ...engines,
      ...daemons,
    );
  }
  checks.push(spaceCheck(stateDir), portCheck());
  return {
    host: {
      kernel: release(),
      arch: process.arch,
      os: osName(system),
      cgroup: layoutOf(system),
      root: system.uid === 0,
      environment,
    },
    can: abilities(checks, runtimes),
    checks,
    versions,
  };
}

async function runtimesOf(stateDir: string): Promise<readonly FoundRuntime[]> {
  const host = await readHostAbilities();
  const byHand = () => openByHand({ root: join(stateDir, 'runtime', 'by-hand') });
  return (await findRuntimes({ stateDir, host, byHand })).found;
}

function abilities(checks: readonly Check[], runtimes: readonly FoundRuntime[]): DoctorReport['can'] {
  const state = (name: string) => checks.find((check) => check.name === name)?.state;
  const usable = runtimes.filter(({ why }) => why === undefined).map(({ name }) => name);
  const barred = ['linux', 'environment', 'namespaces', 'user namespaces'].some(
    (name) => state(name) === 'missing',
  );
  const watch = [
    ...(state('bpftrace') === 'ok' && state('tracefs') === 'ok' ? ['bpftrace'] : []),
    ...(state('strace') === 'ok' ? ['strace'] : []),
    ...(state('linux') === 'ok' ? ['read-back'] : []),
  ];
  if (barred) return { vias: [], runtimes: [], watch };
  const ways: Partial<Record<Via, boolean>> = {
    embedded: usable.length > 0,
    oci: usable.some((name) => name !== 'by-hand'),
    compose: state('compose') === 'ok',
    containerd: state('containerd') !== 'missing',
    cri: state('CRI') !== 'missing',
    docker: state('docker') === 'ok' || (state('docker') === 'limited' && state('runc') === 'ok'),
  };
  return { vias: READY_VIAS.filter((via) => ways[via] ?? true), runtimes: usable, watch };
}
