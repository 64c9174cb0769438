import type { EventsMessage, HeaderMessage, RunSummary } from '@underdock/trace';
import type { AgentRecord } from './agentFile.ts';
import type { HostCarrier, OnFound } from './hostCarrier.ts';
import { connect, createApi, tell } from './remoteCarrier.ts';

/** Watches through the agent of the same user, so that what is found shows in its page too. Throws AgentError. */
export async function watchThere(agent: AgentRecord): Promise<HostCarrier> {
  const api = createApi(agent);
  const socket = await connect(agent);
  const followed = new Map<string, ReturnType<OnFound>>();
  const before = (await api('GET', 'watch')) as { on: boolean };
  const begun = new Set(((await api('GET', 'runs')) as RunSummary[]).map(({ id }) => id));
  return {
    gone: new Promise((resolve) => socket.once('disconnect', () => resolve())),
    async watch(onFound) {
      socket.on('runs', (runs: RunSummary[]) => {
        for (const summary of runs.toReversed()) {
          if (summary.via !== 'watch' || begun.has(summary.id)) continue;
          begun.add(summary.id);
          followed.set(summary.id, onFound(summary));
          void tell(socket, 'follow', { run: summary.id, fromSeq: 1 }).catch(() => {});
        }
      });
      socket.on('header', ({ run, header }: HeaderMessage) => followed.get(run)?.header(header));
      socket.on('events', ({ run, events, closed }: EventsMessage) => {
        followed.get(run)?.events(events);
        if (!closed) return;
        followed.get(run)?.closed();
        followed.delete(run);
      });
      await api('POST', 'watch', { on: true });
    },
    async close() {
      // Who found the host being watched leaves it so.
      if (!before.on) await api('POST', 'watch', { on: false }).catch(() => {});
      socket.disconnect();
    },
  };
}
