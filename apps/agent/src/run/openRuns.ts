import { join } from 'node:path';
import { buildPause, keepStarter, PAUSE_REPOSITORY, Store } from '@underdock/image';
import type { HostDescription, PreparedConfigAnswer, RunRequest } from '@underdock/trace';
import { createWeave } from '@underdock/weave';
import { findDaemons } from '../daemons/findDaemons.ts';
import { createOwnContainerd, type OwnContainerd } from '../daemons/ownContainerd.ts';
import { type Registry, startRegistry } from '../daemons/registry.ts';
import { DockerEvents } from '../layers/2-engine/dockerEvents.ts';
import { ContainerdEvents } from '../layers/3-high-level/containerdEvents.ts';
import { createKernelWatch } from '../layers/5-kernel/watcher.ts';
import { createReadBack } from '../layers/6-process/readBack.ts';
import { DAEMONS } from '../layers/callRoles.ts';
import { CallsWatch } from '../layers/callsWatch.ts';
import type { KernelWatch, Watcher } from '../layers/watcher.ts';
import type { Reaper } from '../reaper.ts';
import { createComposeVia } from '../via/compose/compose.ts';
import { createContainerdVia } from '../via/containerd/containerd.ts';
import { subscribe } from '../via/containerd/subscribe.ts';
import { createCriVia } from '../via/cri/cri.ts';
import { createDockerVia } from '../via/docker/docker.ts';
import { createEngines, type Engines } from '../via/docker/engines.ts';
import { eventSourceOf } from '../via/docker/eventSource.ts';
import { createEngineFinder } from '../via/docker/everyEngine.ts';
import { supplyImage } from '../via/docker/images.ts';
import { createEngineLook } from '../via/docker/look.ts';
import type { FoundRuntime } from '../via/embedded/lowLevel/runtimes.ts';
import { silentTell } from '../via/embedded/lowLevel/silentTell.ts';
import { type Embedded, openEmbedded } from '../via/embedded/openEmbedded.ts';
import type { Recovered } from '../via/embedded/recover.ts';
import { createOciVia } from '../via/oci/oci.ts';
import { createRuns } from './agentRuns.ts';
import { describeHost } from './host.ts';
import { createRelay, type Relay } from './relay.ts';
import type { Runs } from './runs.ts';

/** Everything that an agent needs to run containers, opened. */
export interface OpenedRuns {
  runs: Runs;
  watch: KernelWatch;
  /** What earlier agents had left in the state directory, and what was done about it: to be logged and shown. */
  recovered: readonly Recovered[];
  runtimes: readonly FoundRuntime[];
  /** config.json of a run on the way in `oci`, before it runs. */
  prepareConfig(request: RunRequest, text?: string): Promise<PreparedConfigAnswer>;
  /** The socket of a private docker engine with the starter image in it, for commands that others type; started at the first call. */
  privateDocker(): Promise<string>;
  /** `HOST:PORT` of the loopback registry with the starter image; starts it at the first call. */
  starter(): Promise<string>;
  /** Attaches the probes to the engines of this host, if there are any, so that no run waits for it. Never rejects. */
  prepare(): Promise<void>;
  /** Stops every run, the watcher and the registry, and lets go of the state directory. */
  close(): Promise<void>;
}

/** What to open runs with. */
export interface OpenRunsOptions {
  stateDir: string;
  /** Host folders that bind mounts may come from; empty = none. */
  allowedMounts: string[];
  /** Programs that a request may name as its runtime by path; none by default. */
  allowedRuntimes?: readonly string[];
  /** Any config.json may be run on the way in `oci`, not only what flags could ask for. */
  allowConfig?: boolean;
  /** Full names of capabilities that `--cap-add` may give beyond what stays in a container; ALL = any. */
  allowedCapabilities?: readonly string[];
  /** The kernel's watcher; by default the best that this host allows. It is started and stopped with the runs. */
  watch?: KernelWatch;
  /** What watches the calls between clients and engines; a probe of its own by default. Started when it is wanted. */
  calls?: readonly Watcher[];
  /** Collects the containers' ends; by default this process becomes their reaper. */
  reaper?: Reaper;
  mostRunning?: number;
  pageLimitMs?: number;
}

/**
 * Locks the state directory, recovers what was left there, starts the kernel's watcher. Throws EmbeddedError
 * `state-in-use` or `state-unusable`; a watcher that can't work is no failure, but a gap that each trace declares.
 */
export async function openRuns(options: OpenRunsOptions): Promise<OpenedRuns> {
  const { stateDir, allowedRuntimes = [], reaper } = options;
  const starter = lazyStarter(stateDir);
  const watch = options.watch ?? createKernelWatch({ agentPid: process.pid });
  const { embedded, host } = await openAll(
    { stateDir, allowedRuntimes, ...(reaper ? { reaper } : {}) },
    starter,
    watch,
  );
  const ways = openWays(options, embedded, starter);
  const { engines, containerd, keeping } = ways;
  const left = await recoverAll(containerd, keeping);
  const relay = createRelay(
    watch,
    [...(options.calls ?? [new CallsWatch({ agentPid: process.pid })]), ...ways.watchers],
    process.pid,
  );
  const runs = createRuns({
    ...options,
    relay,
    vias: ways.vias,
    host,
    createWeave,
    watch,
    look: createReadBack(),
    engineLook: createEngineLook(),
    removeKept: (id) => removeKept([embedded, ...keeping], id),
  });
  return {
    runs,
    watch,
    recovered: [...embedded.recovered, ...left],
    runtimes: embedded.runtimes,
    prepareConfig: (request, text) => ways.oci.prepare(request, options.allowedMounts, text),
    privateDocker: () => privateDocker(engines, starter),
    starter: starter.host,
    prepare: async () => {
      const daemons = await findDaemons(DAEMONS).catch(() => []);
      if (daemons.length > 0) await relay.begin();
    },
    close: () => closeAll(runs, watch, embedded, starter, { engines, containerd }, relay),
  };
}

/** The ways in, and what watches the daemons that they command. */
function openWays(
  { stateDir, allowedRuntimes = [], allowConfig, allowedCapabilities = [] }: OpenRunsOptions,
  embedded: Embedded,
  starter: LazyStarter,
) {
  const env = process.env;
  const events = new DockerEvents({ find: createEngineFinder() });
  const containerdEvents = new ContainerdEvents({ subscribe });
  const engines = createEngines(stateDir, env, (engine) => events.add(eventSourceOf(engine)));
  const containerd = createOwnContainerd({ folder: join(stateDir, 'containerd'), pause: starter.pause });
  const docker = createDockerVia({ stateDir, engines, starter: starter.host });
  const compose = createComposeVia({ engines, starter: starter.host });
  const ctr = createContainerdVia({
    ...{ stateDir, env, own: containerd, starter: starter.host, allowedRuntimes },
    opened: () => containerdEvents.look(),
  });
  const cri = createCriVia({ stateDir, containerd, env, starter: starter.host });
  const oci = createOciVia({
    ...{ stateDir, parts: embedded.parts, allowedCapabilities },
    ...(allowConfig ? { allowConfig } : {}),
  });
  return {
    vias: [embedded.via, docker, compose, ctr, cri, oci],
    keeping: [engines, ctr, cri],
    watchers: [events, containerdEvents],
    ...{ engines, containerd, oci },
  };
}

/** The probe takes the longest by far: everything else is made ready beside it. */
async function openAll(
  options: Pick<OpenRunsOptions, 'stateDir' | 'allowedRuntimes' | 'reaper'>,
  starter: LazyStarter,
  watch: KernelWatch,
): Promise<{ embedded: Embedded; host: HostDescription }> {
  let starting: Promise<unknown> = Promise.resolve();
  const locked = () => {
    starting = watch.start();
  };
  try {
    const [embedded, host] = await Promise.all([
      openEmbedded({ ...options, starter: starter.host, locked }),
      describeHost(),
    ]);
    await starting;
    return { embedded, host };
  } catch (error) {
    await starting;
    await watch.stop();
    throw error;
  }
}

async function privateDocker(engines: Engines, { host: starter }: LazyStarter): Promise<string> {
  const engine = await engines.choose({ engine: 'private', network: 'bridge', publish: [] });
  const { signal } = new AbortController();
  const { name } = await supplyImage(engine, 'starter', { tell: silentTell, cause: [], signal, starter });
  await engine.docker.getImage(name).tag({ repo: 'starter', tag: 'latest' });
  return engine.socket;
}

async function closeAll(
  runs: Runs,
  watch: KernelWatch,
  embedded: Embedded,
  starter: LazyStarter,
  { engines, containerd }: { engines: Engines; containerd: OwnContainerd },
  relay: Relay,
): Promise<void> {
  await runs.close();
  await relay.stop();
  await Promise.all([engines.close(), containerd.close()]);
  await Promise.all([watch.stop(), starter.close()]);
  embedded.close();
}

/** Takes apart what earlier agents left in daemons, a private containerd first: then nothing of it runs any more. */
async function recoverAll(
  containerd: OwnContainerd,
  others: readonly { recover(): Promise<Recovered[]> }[],
): Promise<Recovered[]> {
  const actions = await containerd.recover();
  const ended: Recovered = { run: '', container: '', name: '', state: 'running', actions };
  const left = actions.length === 0 ? [] : [ended];
  for (const one of others) left.push(...(await one.recover()));
  return left;
}

/** Asks each in turn whether the container is its own; false when it is nobody’s. */
async function removeKept(
  keeping: readonly { removeKept(run: string): Promise<boolean> }[],
  run: string,
): Promise<boolean> {
  for (const one of keeping) if (await one.removeKept(run)) return true;
  return false;
}

interface LazyStarter {
  host(): Promise<string>;
  /** The same registry, with the pause image in it. */
  pause(): Promise<{ registry: string; image: string }>;
  close(): Promise<void>;
}

/** The starter image costs half a second to build: it is looked after when somebody first asks for it. */
function lazyStarter(stateDir: string): LazyStarter {
  let serving: Promise<Registry> | undefined;
  const store = new Store(join(stateDir, 'starter'));
  const serve = async () => {
    await keepStarter(store);
    return startRegistry(store);
  };
  const host = async () => {
    serving ??= serve();
    try {
      return (await serving).host;
    } catch (error) {
      serving = undefined;
      throw error;
    }
  };
  return {
    host,
    async pause() {
      const registry = await host();
      await buildPause(store);
      return { registry, image: `${registry}/${PAUSE_REPOSITORY}:latest` };
    },
    async close() {
      const registry = await serving?.catch(() => undefined);
      await registry?.close();
    },
  };
}
