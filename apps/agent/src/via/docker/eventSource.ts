import type { EventSource } from '../../layers/2-engine/dockerEvents.ts';
import type { Engine } from './engine.ts';

/** The event stream of an engine, to be followed. */
export function eventSourceOf({
  socket,
  docker,
  actor,
}: Pick<Engine, 'socket' | 'docker' | 'actor'>): EventSource {
  return {
    socket,
    pid: actor.pid,
    async open(range, abortSignal) {
      const stream = await docker.getEvents({ ...range, abortSignal } as object);
      const end = () => (stream as unknown as { destroy(): void }).destroy();
      abortSignal.addEventListener('abort', end, { once: true });
      stream.once('close', () => abortSignal.removeEventListener('abort', end));
      return stream as unknown as AsyncIterable<Uint8Array>;
    },
  };
}
