import { randomBytes } from 'node:crypto';
import { join } from 'node:path';
import { signalNumber } from '../../processes.ts';
import type { OciProcess, OciResources } from '../embedded/bundle/ociConfig.ts';
import { readInRootfs } from '../embedded/bundle/rootfsFiles.ts';
import { resolveUser } from '../embedded/bundle/user.ts';
import { stopSignal } from '../embedded/engineStop.ts';
import { effectiveLimits } from '../embedded/limits.ts';
import type { ContainerOrders, ExecWanted } from '../via.ts';
import type { ContainerdContainer } from './container.ts';
import { makeFifos } from './fifos.ts';
import { execProcess, killProcess, order, updateLimits } from './taskOrders.ts';

/** A container that runs, and what orders need to know of it. */
export interface OrderedContainer {
  container: ContainerdContainer;
  pid: number;
  /** What its own process was configured with. */
  process: OciProcess;
  /** For the streams of further processes. */
  folder: string;
  /** What it has written so far, the last megabyte of it. */
  output(): Uint8Array;
}

/** So much of what a command prints is kept, each stream by itself. */
const MOST_OUTPUT = 1_000_000;
const DRAIN_MS = 2000;
const PERIOD_US = 100_000;

/** Orders to a container that runs. `current` throws where there is none. */
export function containerOrders(current: () => OrderedContainer): ContainerOrders {
  return {
    exec: async (wanted) => execute(current(), wanted),
    pause: async () => order(current().container, 'Pause'),
    unpause: async () => order(current().container, 'Resume'),
    kill: async (name) => {
      const signal = stopSignal(name, undefined);
      await killProcess(current().container, { name: signal, number: signalNumber(signal)! });
    },
    update: async (wanted) => updateLimits(current().container, resourcesOf(wanted)),
    // containerd keeps no output: what there is, this run has read.
    logs: async () => ({ bytes: current().output(), framed: false }),
  };
}

/** The named limits as the OCI configuration has them; the others are left as they are. */
function resourcesOf(wanted: Parameters<ContainerOrders['update']>[0]): OciResources {
  const { memory, pidsLimit } = effectiveLimits(wanted);
  return {
    ...(wanted.memory === undefined ? {} : { memory: { limit: memory, swap: memory * 2 } }),
    ...(wanted.cpus === undefined
      ? {}
      : { cpu: { quota: Math.round(wanted.cpus * PERIOD_US), period: PERIOD_US } }),
    ...(wanted.pidsLimit === undefined ? {} : { pids: { limit: pidsLimit } }),
  };
}

async function execute(
  { container, pid, process, folder }: OrderedContainer,
  wanted: ExecWanted,
): Promise<{ exitCode: number; stdout: Buffer; stderr: Buffer }> {
  const { command, tty = false, user, workdir, env = [] } = wanted;
  const execId = randomBytes(32).toString('hex');
  const said = { stdout: [] as Uint8Array[], stderr: [] as Uint8Array[] };
  const sizes = { stdout: 0, stderr: 0 };
  const fifos = await makeFifos(
    join(folder, execId.slice(0, 12)),
    { interactive: false, tty },
    (name, bytes) => {
      sizes[name] += bytes.length;
      if (sizes[name] <= MOST_OUTPUT) said[name].push(bytes);
    },
  );
  try {
    const spec: OciProcess = {
      ...process,
      args: command,
      terminal: tty,
      env: [...process.env, ...env],
      ...(workdir === undefined ? {} : { cwd: workdir }),
      ...(user === undefined ? {} : { user: await userIn(pid, user) }),
    };
    const exitCode = await execProcess(container, execId, spec, fifos);
    await fifos.drained(DRAIN_MS);
    return { exitCode, stdout: Buffer.concat(said.stdout), stderr: Buffer.concat(said.stderr) };
  } finally {
    await fifos.close();
  }
}

async function userIn(pid: number, wanted: string): Promise<OciProcess['user']> {
  const root = `/proc/${pid}/root`;
  const [passwd, group] = await Promise.all([
    readInRootfs(root, '/etc/passwd'),
    readInRootfs(root, '/etc/group'),
  ]);
  const { uid, gid, additionalGids } = resolveUser(wanted, passwd, group);
  return { uid, gid, additionalGids };
}
