import { readFileSync } from 'node:fs';
import { gunzipSync } from 'node:zlib';
import type { TraceEvent } from '@underdock/trace';
import { createWeave, type RawRecord } from '@underdock/weave';

/** What was recorded from a real run: the host's namespaces and every record in the order of its arrival. */
export interface Recorded {
  hostNamespaces: Record<string, number>;
  records: RawRecord[];
}

/** Reads a recording from test/fixtures/records. */
export function readRecorded(name: string): Recorded {
  const file = new URL(`../fixtures/records/${name}.jsonl.gz`, import.meta.url);
  const [first, ...rest] = gunzipSync(readFileSync(file)).toString('utf8').trim().split('\n');
  return { ...JSON.parse(first ?? '{}'), records: rest.map((line) => JSON.parse(line)) };
}

/** The events of a recording, woven as a run would: begun and ended by an act of underdock's own. */
export function weaveRecorded({ hostNamespaces, records }: Recorded): TraceEvent[] {
  const events: TraceEvent[] = [];
  const weave = createWeave({ emit: (event) => events.push(event), hostNamespaces });
  const spawned = records.find((record) => record.kind === 'spawned');
  if (!spawned) throw new Error('a recording begins with the process that was spawned');
  const span = weave.newSpan();
  const act = { step: 'low-level/create', layer: 'low-level', actor: { name: 'underdock' }, span } as const;
  const last = records.at(-1)?.at ?? 0;
  // A follower is told of the source's clock at once, and so waits for it.
  weave.add({ kind: 'clock', at: -1000, source: 'bpftrace' });
  weave.add({ kind: 'self', at: 0, type: 'begin', ...act, data: {} });
  for (const record of records) weave.add(record.kind === 'spawned' ? { ...record, span } : record);
  weave.add({ kind: 'self', at: last, type: 'end', ...act, data: {} });
  weave.close(last);
  return events;
}

/** How often each step occurs: an act once, not once for its begin and once for its end. */
export function countSteps(events: readonly TraceEvent[]): Record<string, number> {
  const counts: Record<string, number> = {};
  for (const { step, type } of events) if (type !== 'end') counts[step] = (counts[step] ?? 0) + 1;
  return counts;
}
