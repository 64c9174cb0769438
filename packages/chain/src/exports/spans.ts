import type { Layer, TraceEvent, TraceHeader } from '@underdock/trace';
import { foldTo } from '../fold.ts';
import { inOrder } from '../order.ts';
import type { Call, ChainState, Endpoint } from '../state.ts';

/** One act or moment of a run, as other tools’ traces have them. */
export interface ExportedSpan {
  /** 1, 2, 3 … in the order in which they began. */
  id: number;
  name: string;
  step: string;
  layer: Layer;
  /** The program that did it. */
  actor: string;
  beginAt: number;
  /** Equal to `beginAt` for a moment. */
  endAt: number;
  isMoment: boolean;
  /** Ids of the acts that made it happen, nearest first. */
  causes: readonly number[];
  failure: string | undefined;
  /** Plain values that say more. */
  details: Readonly<Record<string, string | number | boolean>>;
}

/** All acts of a run; those that are open when the events end, end with them. */
export function spansOf(header: TraceHeader, events: readonly TraceEvent[]): ExportedSpan[] {
  const ordered = inOrder(events);
  const state = foldTo(header, ordered);
  const calls = [...state.calls].sort((a, b) => a.beginAt - b.beginAt || a.beginSeq - b.beginSeq);
  const ids = new Map(calls.map(({ key }, index) => [key, index + 1]));
  return calls.map((call, index) => ({
    id: index + 1,
    name: call.name,
    step: call.step,
    layer: call.layer,
    actor: doerOf(call, state),
    beginAt: call.beginAt,
    endAt: Math.max(call.beginAt, call.endAt ?? state.at),
    isMoment: call.span === undefined,
    causes: call.cause.flatMap((span) => ids.get(span) ?? []),
    failure: call.failure && [call.failure.error, call.failure.message].filter(Boolean).join(': '),
    details: detailsOf(call),
  }));
}

/** An arrow into the kernel begins at who acts; all others end there. */
function doerOf(call: Call, state: ChainState): string {
  const end = 'actor' in call.to ? call.to : call.from;
  return nameOf(call.layer === 'kernel' ? call.from : end, state) ?? call.layer;
}

function nameOf(end: Endpoint, state: ChainState): string | undefined {
  return 'actor' in end ? state.actors.find(({ key }) => key === end.actor)?.name : undefined;
}

/** What was said, without lists and messages within messages: these tools show a table. */
function detailsOf({ data, container, grade }: Call): ExportedSpan['details'] {
  const plain = Object.entries(data).flatMap(([name, value]) => {
    if (typeof value === 'string' || typeof value === 'number' || typeof value === 'boolean')
      return [[name, value] as const];
    return value === null || value === undefined ? [] : [[name, JSON.stringify(value)] as const];
  });
  return { ...Object.fromEntries(plain), ...(container ? { container } : {}), grade };
}
