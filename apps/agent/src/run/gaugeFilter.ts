import type { RawRecord } from '@underdock/weave';

/** After so many facts of one gauge its least distance in time doubles: days of running give hundreds of facts. */
const FACTS_PER_DISTANCE = 60;
const FIRST_DISTANCE_MS = 900;
/** A change of less than this part of the value before is not told. */
const NOTABLE_CHANGE = 0.01;

interface Told {
  now: number;
  at: number;
  count: number;
}

/** Lets through what is worth telling of gauges that are read once a second; everything else passes untouched. */
export function filterGauges(add: (record: RawRecord) => void): (record: RawRecord) => void {
  const told = new Map<string, Told>();
  return (record) => {
    if (record.kind !== 'read-back' || typeof record.data.now !== 'number') return add(record);
    const key = String(record.data.file);
    const before = told.get(key);
    if (before && !isNotable(record.data.now, record.at, before)) return;
    told.set(key, { now: record.data.now, at: record.at, count: (before?.count ?? 0) + 1 });
    add(record);
  };
}

function isNotable(now: number, at: number, before: Told): boolean {
  const distanceMs = FIRST_DISTANCE_MS * 2 ** Math.floor(before.count / FACTS_PER_DISTANCE);
  return at - before.at >= distanceMs && Math.abs(now - before.now) > Math.abs(before.now) * NOTABLE_CHANGE;
}
