import { createReadStream } from 'node:fs';
import { collectTrace, type TraceEvent } from '@underdock/trace';
import type { Run, Runs } from '../run/runs.ts';

/** What a follower needs of a run. */
export type Followable = Pick<Run, 'id' | 'header' | 'events' | 'closed' | 'subscribe'>;

/**
 * The run itself, else what is stored of it: runs of an earlier agent, also one that was killed, can still be looked at.
 * Undefined for an id that nothing is stored of. Rejects with TraceError where the file is no trace.
 */
export async function followable(runs: Runs, id: string): Promise<Followable | undefined> {
  const run = runs.get(id);
  if (run) return run;
  const file = await runs.traceFile(id);
  return file === undefined ? undefined : stored(id, file);
}

async function stored(id: string, file: string): Promise<Followable> {
  const { header, events } = await collectTrace(createReadStream(file, 'utf8'));
  return { id, header, events: withoutHoles(events), closed: true, subscribe: () => () => {} };
}

/** A follower asks again for what it did not get: what a damaged file lacks must not leave a hole in the numbers. */
function withoutHoles(events: TraceEvent[]): TraceEvent[] {
  if (events.every((event, index) => event.seq === index + 1)) return events;
  return events.map((event, index) => ({ ...event, seq: index + 1 }));
}
