import type { TraceEvent, TraceHeader } from '@underdock/trace';

/** A text or an object somewhere in a trace, with the field that it stands in (of a list, the list’s). */
export interface Visitor {
  text(text: string, key: string): void;
  object?(object: Readonly<Record<string, unknown>>): void;
}

/** Shows all texts and objects of a trace that may name somebody; the container’s output is not among them. */
export function visitPlaces(header: TraceHeader, events: readonly TraceEvent[], visitor: Visitor): void {
  visitor.text(header.title, 'title');
  visit(header.command, 'command', visitor);
  for (const event of events) {
    visitor.text(event.actor.name, 'actor');
    if (event.step !== 'process/output') visit(event.data, 'data', visitor);
    for (const { raw } of event.evidence) visit(raw, 'raw', visitor);
  }
}

function visit(value: unknown, key: string, visitor: Visitor): void {
  if (typeof value === 'string') visitor.text(value, key);
  else if (Array.isArray(value)) for (const one of value) visit(one, key, visitor);
  else if (typeof value === 'object' && value !== null) {
    const holder = value as Record<string, unknown>;
    visitor.object?.(holder);
    for (const name in holder) visit(holder[name], name, visitor);
  }
}
