import type { TraceEvent } from '@underdock/trace';

/** The order in which readers take events: by instant, then by writing order. */
export function compareEvents(a: TraceEvent, b: TraceEvent): number {
  return a.at - b.at || a.seq - b.seq;
}

/** The events in reading order; the same array when it is in order already. */
export function inOrder(events: readonly TraceEvent[]): readonly TraceEvent[] {
  for (let i = 1; i < events.length; i++) {
    if (compareEvents(events[i - 1]!, events[i]!) > 0) return [...events].sort(compareEvents);
  }
  return events;
}
