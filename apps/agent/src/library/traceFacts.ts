import { createReadStream } from 'node:fs';
import { type TraceEvent, type TraceHeader, type TraceItem, verifyTrace } from '@underdock/trace';

/** What a trace file tells about itself, for a list. */
export interface TraceFacts {
  header: TraceHeader | undefined;
  state: 'whole' | 'cut' | 'broken';
  fault?: string;
  events: number;
  /** From its first instant to its last event. */
  durationMs?: number;
  exitCode?: number;
  containers: string[];
  images: string[];
}

const MOST_NAMED = 50;

/** Reads a plain trace file through, chunk by chunk. Never rejects for what the file holds; does for a file that can’t be read. */
export function factsOfFile(file: string): Promise<TraceFacts> {
  return factsOf(createReadStream(file, 'utf8'));
}

/** The same of a trace’s text. */
export async function factsOf(text: AsyncIterable<string> | Iterable<string>): Promise<TraceFacts> {
  const seen = new Seen();
  const verdict = await verifyTrace(text, (item) => seen.take(item));
  const { state, events, faults } = verdict;
  const more = faults.length > 1 ? `, and ${faults.length - 1} more` : '';
  const fault = faults[0] && `${faults[0].message}${more}`;
  return {
    header: seen.header,
    state,
    ...(fault ? { fault: fault.slice(0, 500) } : {}),
    events,
    ...(seen.lastAt === undefined ? {} : { durationMs: seen.lastAt }),
    ...(seen.exitCode === undefined ? {} : { exitCode: seen.exitCode }),
    containers: [...seen.containers],
    images: [...seen.images],
  };
}

class Seen {
  header: TraceHeader | undefined;
  lastAt: number | undefined;
  exitCode: number | undefined;
  readonly containers = new Set<string>();
  readonly images = new Set<string>();
  /** The span of the first act: the command that began it all. */
  #first: string | undefined;

  take(item: TraceItem): void {
    if (item.kind === 'header') this.header = item.header;
    if (item.kind === 'event') this.#event(item.event);
  }

  #event({ type, at, span, container, data }: TraceEvent): void {
    this.lastAt = Math.max(this.lastAt ?? 0, at);
    if (container && this.containers.size < MOST_NAMED) this.containers.add(container);
    const { image, exitCode } = data;
    if (typeof image === 'string' && image !== '' && this.images.size < MOST_NAMED)
      this.images.add(image.slice(0, 300));
    if (type === 'begin') this.#first ??= span;
    if (type === 'end' && span !== undefined && span === this.#first && Number.isInteger(exitCode))
      this.exitCode = exitCode as number;
  }
}
