import { shellQuote } from '../embedded/lowLevel/byHand/step.ts';
import type { ContainerOrders, ExecWanted } from '../via.ts';
import { askCri } from './ask.ts';
import type { CriPod } from './criPod.ts';
import { notInCri, resourcesOf } from './flags.ts';
import { endOf, LogLines, type LogPiece } from './logs.ts';

/** A command may take so long (s). */
const EXEC_S = 3600;
/** So much of a log is answered with: its end. */
const MOST_LOG = 1_000_000;
const STREAMS = { stdout: 1, stderr: 2 } as const;

/** Orders to a container that runs, those that the CRI knows. `current` throws where there is none. */
export function criOrders(current: () => CriPod, log: string, unified: () => boolean): ContainerOrders {
  const absent = (what: string) => async () => {
    throw notInCri(`the CRI knows no ${what}`, 'take --via docker, containerd or embedded for that');
  };
  return {
    exec: async (wanted) => execute(current(), wanted),
    pause: absent('pause'),
    unpause: absent('unpause'),
    async kill(signal) {
      const seconds = { SIGKILL: 0, SIGTERM: 600 }[signal.replace(/^(?!SIG)/, 'SIG')];
      if (seconds === undefined) {
        throw notInCri(
          `the CRI sends no ${signal}`,
          'take SIGTERM or SIGKILL, or send it from inside: exec kill',
        );
      }
      const pod = current();
      const stopped = pod.stop(seconds, pod.asking());
      // A polite signal may be refused: whoever sends it does not wait for the end.
      if (seconds === 0) await stopped;
      else stopped.catch(() => {});
    },
    update: async (limits) => update(current(), limits, unified()),
    async logs() {
      current();
      const pieces = new LogLines().take(await endOf(log, MOST_LOG));
      return { bytes: Buffer.concat(pieces.map(framed)), framed: true };
    },
  };
}

async function execute(pod: CriPod, { command, tty, user, workdir, env }: ExecWanted) {
  if (tty || user !== undefined || workdir !== undefined || (env?.length ?? 0) > 0) {
    throw notInCri(
      'ExecSync takes a command alone: no terminal, user, folder or environment',
      'let a shell do it: sh -c "cd /folder; NAME=value command"',
    );
  }
  const id = pod.container!;
  return askCri<{ stdout: Buffer; stderr: Buffer; exitCode: number }>(
    pod.runtime,
    'ExecSync',
    { containerId: id, cmd: command, timeout: EXEC_S },
    pod.asking({
      request: { cmd: command },
      timeoutMs: EXEC_S * 1000,
      crictl: `exec --sync ${id} ${command.map(shellQuote).join(' ')}`,
    }),
  );
}

async function update(
  pod: CriPod,
  limits: Parameters<ContainerOrders['update']>[0],
  unified: boolean,
): Promise<void> {
  if (limits.pidsLimit !== undefined && !unified) {
    throw notInCri('the CRI can’t change the number of processes here', 'change memory or cpus');
  }
  const all = resourcesOf(limits, unified);
  const { memoryLimitInBytes, cpuPeriod, cpuQuota } = all;
  const linux = {
    ...(limits.memory === undefined ? {} : { memoryLimitInBytes }),
    ...(limits.cpus === undefined ? {} : { cpuPeriod, cpuQuota }),
    ...(limits.pidsLimit === undefined ? {} : { unified: all.unified ?? { 'pids.max': 'max' } }),
  };
  const id = pod.container!;
  const asking = pod.asking({ request: { linux }, crictl: `update ${id}` });
  await askCri(pod.runtime, 'UpdateContainerResources', { containerId: id, linux }, asking);
}

/** As the Engine API frames streams: kind, three zeros, length. */
function framed({ stream, bytes }: LogPiece): Buffer {
  const head = Buffer.alloc(8);
  head[0] = STREAMS[stream];
  head.writeUInt32BE(bytes.length, 4);
  return Buffer.concat([head, bytes]);
}
