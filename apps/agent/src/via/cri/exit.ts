import { setTimeout as pause } from 'node:timers/promises';
import { AgentError } from '../../error.ts';
import { silentTell } from '../embedded/lowLevel/silentTell.ts';
import { readStream } from '../grpc/call.ts';
import type { CriAsking } from './ask.ts';
import type { CriPod } from './criPod.ts';
import type { ContainerStatus } from './messages.ts';

/** A kubelet looks once a second; a picture should not lag. */
const LOOK_MS = 100;
/** A runtime that is restarted is waited for so long (ms). */
const RETURN_MS = 60_000;

/**
 * Resolves with the container’s last status. The CRI has no call that waits: as a kubelet does, it is asked again and again, and
 * where the runtime offers events, at once when it tells of the end. Only the answer that counts is told.
 */
export async function waitForExit(
  pod: CriPod,
  asking: CriAsking,
  over: AbortSignal,
): Promise<ContainerStatus> {
  const ended = new AbortController();
  const woken = wakeups(pod, asking, AbortSignal.any([over, ended.signal]));
  let lostAt: number | undefined;
  try {
    for (;;) {
      over.throwIfAborted();
      try {
        const { status } = await pod.status({ tell: silentTell, cause: [], signal: over });
        if (status?.state === 'CONTAINER_EXITED' || status?.state === 'CONTAINER_UNKNOWN') break;
        lostAt = undefined;
      } catch (error) {
        const { code } = error as AgentError;
        if (code !== 'daemon-unreachable' && code !== 'daemon-lost') throw error;
        const death = pod.runtime.death?.();
        if (death !== undefined) throw died(death, error);
        lostAt ??= performance.now();
        if (performance.now() - lostAt > RETURN_MS) throw error;
      }
      await Promise.race([pause(LOOK_MS, undefined, { signal: over }), woken()]);
    }
    return await pod.status(asking);
  } finally {
    ended.abort(new Error('the container has ended'));
  }
}

function died(how: string, cause: unknown): AgentError {
  return new AgentError('daemon-died', `underdock’s own containerd has died (${how})`, {
    remedy: 'run it again: it is started anew',
    cause,
  });
}

/** What the runtime tells by its event stream, told; `woken` resolves at the next event. Runtimes before 1.7 have none. */
function wakeups(pod: CriPod, { tell, cause }: CriAsking, signal: AbortSignal): () => Promise<void> {
  let wake: () => void = () => {};
  const read = async () => {
    const method = 'runtime.v1.RuntimeService/GetContainerEvents';
    const events = readStream<{ containerId: string; containerEventType: string }>(
      pod.runtime.daemon,
      method,
      {},
      {
        tell: silentTell,
        cause: [],
        signal,
        timeoutMs: 0,
      },
    );
    for await (const { containerId, containerEventType } of events) {
      if (containerId !== pod.container && containerId !== pod.sandbox) continue;
      const told = { cause, container: containerId, actor: pod.runtime.daemon.actor };
      tell.log('high-level/event', { topic: containerEventType, attributes: {} }, told);
      wake();
    }
  };
  read().catch(() => {});
  return () =>
    new Promise((resolve) => {
      wake = resolve;
    });
}
