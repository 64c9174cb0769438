import type { TraceEvent, TraceHeader } from '@underdock/trace';

/** A text or an object somewhere in a trace, with the field that it stands in (of a list, the list’s). */
export interface Place {
  key: string;
  text?: string;
  object?: Readonly<Record<string, unknown>>;
}

/** All texts and objects of a trace that may name somebody; the container’s output is not among them. */
export function* placesOf(header: TraceHeader, events: readonly TraceEvent[]): Generator<Place> {
  yield { key: 'title', text: header.title };
  yield* placesIn(header.command, 'command');
  for (const event of events) {
    yield { key: 'actor', text: event.actor.name };
    yield* placesIn(event.data, event.step === 'process/output' ? 'output' : 'data');
    for (const { raw } of event.evidence) yield* placesIn(raw, 'raw');
  }
}

function* placesIn(value: unknown, key: string): Generator<Place> {
  if (typeof value === 'string') yield { key, text: value };
  else if (Array.isArray(value)) for (const one of value) yield* placesIn(one, key);
  else if (typeof value === 'object' && value !== null) {
    yield { key, object: value as Record<string, unknown> };
    for (const [name, one] of Object.entries(value)) {
      if (!(key === 'output' && name === 'base64')) yield* placesIn(one, name);
    }
  }
}
