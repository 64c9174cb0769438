import { decodeTrace, type TraceItem } from './codec.ts';
import { TraceError } from './error.ts';
import type { TraceEvent } from './event.ts';
import { MAX_EVENTS } from './limits.ts';
import { describeStep } from './steps.ts';

/** One thing that is wrong with a trace; `line` counts from 1, 0 = the file as a whole. */
export interface Fault {
  line: number;
  message: string;
}

/** What `underdock verify` says: whole, cut off but readable up to there, or broken. */
export interface Verdict {
  state: 'whole' | 'cut' | 'broken';
  events: number;
  faults: Fault[];
}

const MAX_FAULTS = 1000;
/** How much older than its predecessor an event may be (ms). */
export const MAX_LATENESS_MS = 250;

/**
 * Checks a trace: lines, sequence, order, spans, causes, digests, counts of layers. Never throws for a bad file. `look` is
 * told each item on the way.
 */
export async function verifyTrace(
  chunks: AsyncIterable<string> | Iterable<string>,
  look: (item: TraceItem) => void = () => {},
): Promise<Verdict> {
  const check = new TraceCheck();
  let cut = false;
  try {
    for await (const item of decodeTrace(chunks)) {
      look(item);
      if (item.kind === 'event') check.event(item.event, item.line);
      else if (item.kind === 'fault') check.fault(item.line, item.error.message);
      else if (item.kind === 'cut') cut = true;
      if (check.faults.length >= MAX_FAULTS || check.isFull()) break;
    }
  } catch (error) {
    if (!(error instanceof TraceError)) throw error;
    check.fault(error.line ?? 0, error.message);
  }
  const unclosed = check.unclosed();
  // A file without its last events has open spans by nature: then they say "cut", not "broken".
  if (check.faults.length === 0 && unclosed.length > 0) cut = true;
  const state = check.faults.length > 0 ? 'broken' : cut ? 'cut' : 'whole';
  return { state, events: check.events, faults: state === 'cut' ? unclosed : check.faults };
}

class TraceCheck {
  readonly faults: Fault[] = [];
  events = 0;
  #lastAt = Number.NEGATIVE_INFINITY;
  #spans = new Map<string, { step: string; line: number; open: boolean }>();
  #digests = new Map<number, string>();

  /** Every span is remembered, as later lines may name it: somewhere that has to end. */
  isFull(): boolean {
    if (this.#spans.size <= MAX_EVENTS) return false;
    this.fault(0, `there are more than ${MAX_EVENTS} spans: what follows was not checked`);
    return true;
  }

  fault(line: number, message: string): void {
    this.faults.push({ line, message });
  }

  event(event: TraceEvent, line: number): void {
    this.events++;
    if (event.seq !== this.events)
      this.fault(line, `line ${line}: seq is ${event.seq}, expected ${this.events}`);
    if (event.at < this.#lastAt - MAX_LATENESS_MS) {
      this.fault(
        line,
        `line ${line}: ${(this.#lastAt - event.at).toFixed(1)} ms older than the line before it, at most ${MAX_LATENESS_MS} are allowed`,
      );
    }
    this.#lastAt = event.at;
    const known = describeStep(event.step);
    if (!known && !event.step.startsWith('trace/') && !event.step.startsWith(`${event.layer}/`)) {
      this.fault(line, `line ${line}: step ${event.step} is on layer ${event.layer}`);
    }
    this.#span(event, line);
    for (const cause of event.cause ?? []) {
      if (!this.#spans.has(cause))
        this.fault(line, `line ${line}: caused by span ${cause}, which never began`);
    }
    this.#layer(event, line);
  }

  #span(event: TraceEvent, line: number): void {
    const { span, type, step } = event;
    if (type === 'begin' || type === 'end' || type === 'progress') {
      if (!span) this.fault(line, `line ${line}: ${type} of ${step} has no span`);
    }
    if (!span) return;
    const seen = this.#spans.get(span);
    if (type === 'begin') {
      if (seen) this.fault(line, `line ${line}: span ${span} began before, at line ${seen.line}`);
      this.#spans.set(span, { step, line, open: true });
    } else if (!seen) {
      this.fault(line, `line ${line}: ${type} of ${step} on span ${span}, which never began`);
    } else if (type === 'end') {
      if (!seen.open) this.fault(line, `line ${line}: span ${span} has ended already`);
      if (seen.step !== step)
        this.fault(line, `line ${line}: span ${span} began as ${seen.step} and ends as ${step}`);
      seen.open = false;
    }
  }

  #layer(event: TraceEvent, line: number): void {
    const { index, digest } = event.data;
    if (typeof index !== 'number' || typeof digest !== 'string' || !event.step.endsWith('-layer')) return;
    if (!/^sha(256:[0-9a-f]{64}|512:[0-9a-f]{128})$/.test(digest))
      this.fault(line, `line ${line}: ${digest} is no digest`);
    const seen = this.#digests.get(index);
    if (seen !== undefined && seen !== digest) {
      this.fault(line, `line ${line}: layer ${index} is ${digest} here and was ${seen} before`);
    }
    this.#digests.set(index, digest);
  }

  unclosed(): Fault[] {
    return [...this.#spans]
      .filter(([, span]) => span.open)
      .map(([id, span]) => ({
        line: span.line,
        message: `span ${id} (${span.step}) began at line ${span.line} and never ends`,
      }));
  }
}
