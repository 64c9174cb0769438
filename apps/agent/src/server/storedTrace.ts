import { createReadStream } from 'node:fs';
import { stat } from 'node:fs/promises';
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

/** Stored traces that somebody follows, by file: each is in memory once, however many look at it. */
const followed = new Map<string, { stamp: string; trace: WeakRef<Followable> }>();
const beingRead = new Map<string, Promise<Followable>>();

async function stored(id: string, file: string): Promise<Followable> {
  const { size, mtimeMs } = await stat(file);
  const stamp = `${size} ${mtimeMs}`;
  const known = followed.get(file);
  const trace = known?.stamp === stamp ? known.trace.deref() : undefined;
  if (trace) return trace;
  const key = `${file} ${stamp}`;
  const reading = beingRead.get(key) ?? read(id, file).finally(() => beingRead.delete(key));
  beingRead.set(key, reading);
  const found = await reading;
  for (const [other, { trace: gone }] of followed) if (!gone.deref()) followed.delete(other);
  followed.set(file, { stamp, trace: new WeakRef(found) });
  return found;
}

async function read(id: string, file: string): Promise<Followable> {
  const { header, events } = await collectTrace(createReadStream(file, 'utf8'));
  return { id, header, events: withoutHoles(events), closed: true, subscribe: () => () => {} };
}

/** A follower asks again for what it did not get: what a damaged file lacks must not leave a hole in the numbers. */
function withoutHoles(events: TraceEvent[]): TraceEvent[] {
  if (events.every((event, index) => event.seq === index + 1)) return events;
  return events.map((event, index) => ({ ...event, seq: index + 1 }));
}
