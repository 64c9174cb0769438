import { readFile } from 'node:fs/promises';
import type { ContainerOrders } from '../via.ts';
import { askCri } from './ask.ts';
import type { CriPod } from './criPod.ts';
import { notInCri, resourcesOf } from './flags.ts';
import { LogLines, type LogPiece } from './logs.ts';

/** A command may take so long (s). */
const EXEC_S = 3600;
const STREAMS = { stdout: 1, stderr: 2 } as const;

/** Orders to a container that runs, those that the CRI knows. `current` throws where there is none. */
export function criOrders(current: () => CriPod, log: string, unified: () => boolean): ContainerOrders {
  const absent = (what: string) => async () => {
    throw notInCri(`the CRI knows no ${what}`, 'take --via docker, containerd or embedded for that');
  };
  return {
    async exec({ command, tty, user, workdir, env }) {
      if (tty || user !== undefined || workdir !== undefined || (env?.length ?? 0) > 0) {
        throw notInCri(
          'ExecSync takes a command alone: no terminal, user, folder or environment',
          'let a shell do it: sh -c "cd /folder; NAME=value command"',
        );
      }
      const pod = current();
      const id = pod.container!;
      const answer = await askCri<{ stdout: Buffer; stderr: Buffer; exitCode: number }>(
        pod.runtime,
        'ExecSync',
        { containerId: id, cmd: command, timeout: EXEC_S },
        pod.asking({
          request: { cmd: command },
          timeoutMs: EXEC_S * 1000,
          crictl: `exec --sync ${id} ${command.join(' ')}`,
        }),
      );
      return answer;
    },
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
    async update(limits) {
      const pod = current();
      if (limits.pidsLimit !== undefined && !unified()) {
        throw notInCri('the CRI can’t change the number of processes here', 'change memory or cpus');
      }
      const all = resourcesOf(limits, unified());
      const { memoryLimitInBytes, cpuPeriod, cpuQuota } = all;
      const linux = {
        ...(limits.memory === undefined ? {} : { memoryLimitInBytes }),
        ...(limits.cpus === undefined ? {} : { cpuPeriod, cpuQuota }),
        ...(limits.pidsLimit === undefined ? {} : { unified: all.unified ?? { 'pids.max': 'max' } }),
      };
      const id = pod.container!;
      await askCri(
        pod.runtime,
        'UpdateContainerResources',
        { containerId: id, linux },
        pod.asking({
          request: { linux },
          crictl: `update ${id}`,
        }),
      );
    },
    async logs() {
      current();
      const pieces = new LogLines().take(await readFile(log));
      return { bytes: Buffer.concat(pieces.map(framed)), framed: true };
    },
  };
}

/** As the Engine API frames streams: kind, three zeros, length. */
function framed({ stream, bytes }: LogPiece): Buffer {
  const head = Buffer.alloc(8);
  head[0] = STREAMS[stream];
  head.writeUInt32BE(bytes.length, 4);
  return Buffer.concat([head, bytes]);
}
