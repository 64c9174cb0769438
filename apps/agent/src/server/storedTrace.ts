import { createReadStream } from 'node:fs';
import { decodeTrace, type TraceEvent, type TraceHeader } from '@underdock/trace';
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

async function stored(id: string, file: string): Promise<Followable | undefined> {
  let header: TraceHeader | undefined;
  const events: TraceEvent[] = [];
  for await (const item of decodeTrace(createReadStream(file, 'utf8'))) {
    if (item.kind === 'header') header = item.header;
    if (item.kind === 'event') events.push(item.event);
  }
  return header && { id, header, events, closed: true, subscribe: () => () => {} };
}
