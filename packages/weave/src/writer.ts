import type { TraceEvent } from '@underdock/trace';

/** An event that has no place in the file yet. */
export type Draft = Omit<TraceEvent, 'seq'>;

// Readers are promised 250 ms; some room is left for rounding.
const MAX_LATENESS_MS = 245;

/** Numbers events, keeps the order's promise and knows which spans are open. */
export class Writer {
  #emit: (event: TraceEvent) => void;
  #seq = 0;
  #spans = 0;
  #lastAt = Number.NEGATIVE_INFINITY;
  #open = new Map<string, Draft>();
  constructor(emit: (event: TraceEvent) => void) {
    this.#emit = emit;
  }

  newSpan(): string {
    this.#spans++;
    return `s${this.#spans}`;
  }

  write(draft: Draft): void {
    const event = inOrder(++this.#seq, this.#inTime(draft));
    this.#lastAt = event.at;
    if (draft.span && draft.type === 'begin') this.#open.set(draft.span, draft);
    if (draft.span && draft.type === 'end') this.#open.delete(draft.span);
    this.#emit(event);
  }

  // What comes later than the format allows gets the earliest instant that is allowed, and says by how much it is off.
  #inTime(draft: Draft): Draft {
    const at = Math.round(draft.at * 1000) / 1000;
    const earliest = this.#lastAt - MAX_LATENESS_MS;
    if (at >= earliest) return { ...draft, at };
    return { ...draft, at: earliest, data: { ...draft.data, uncertaintyMs: Math.ceil(earliest - at) } };
  }

  /** Ends what never ended. */
  close(at: number): void {
    for (const begun of [...this.#open.values()].reverse()) {
      const { evidence: _, ...rest } = begun;
      const end = { ...rest, type: 'end' as const, at: Math.max(at, this.#lastAt) };
      this.write({
        ...end,
        data: { open: true },
        evidence: [{ source: 'self', raw: {} }],
        grade: 'inferred',
      });
    }
  }
}

// The order in which people read a line; absent fields are left out.
function inOrder(seq: number, draft: Draft): TraceEvent {
  const { at, type, step, layer, actor, span, cause, container, data, evidence, grade } = draft;
  const event: TraceEvent = { seq, at, type, step, layer, actor, data, evidence, grade };
  if (span !== undefined) event.span = span;
  if (cause !== undefined && cause.length > 0) event.cause = cause;
  if (container !== undefined) event.container = container;
  return event;
}
