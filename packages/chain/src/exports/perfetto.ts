import { LAYERS, type Layer, type TraceEvent, type TraceHeader } from '@underdock/trace';
import { type ExportedSpan, spansOf } from './spans.ts';

/** An event of the Trace Event Format, the JSON that Perfetto and Chrome’s tracing open. `ts` and `dur` are µs. */
export interface PerfettoEvent {
  ph: 'X' | 'i' | 'M' | 's' | 'f';
  name: string;
  pid: number;
  tid: number;
  ts?: number;
  dur?: number;
  cat?: string;
  id?: number;
  /** A flow’s arrow ends at the slice that encloses it. */
  bp?: 'e';
  /** An instant belongs to its thread. */
  s?: 't';
  args?: Readonly<Record<string, unknown>>;
}

interface Track {
  tid: number;
  /** Ends (µs) of the slices that are open on it, outermost first. */
  open: number[];
}

/**
 * A run as a trace for Perfetto: a process for each layer, threads for its actors, causes as flows. Slices of one thread
 * lie inside each other or apart, as the format demands: what overlaps otherwise gets a thread of its own beside it.
 */
export function perfettoOf(header: TraceHeader, events: readonly TraceEvent[]) {
  const spans = spansOf(header, events);
  const tracks = new Tracks();
  const placed = new Map(
    // Of two that begin together the longer one is the outer one.
    spans
      .toSorted((a, b) => a.beginAt - b.beginAt || b.endAt - a.endAt)
      .map((span) => [span.id, tracks.place(span)]),
  );
  return {
    traceEvents: [
      ...tracks.named(),
      ...spans.map((span) => sliceOf(span, placed.get(span.id) ?? 0)),
      ...spans.flatMap((span) => flowsOf(span, spans, placed)),
    ],
    displayTimeUnit: 'ms' as const,
    otherData: {
      title: header.title,
      command: header.command.join(' '),
      startedAt: header.startedAt,
      id: header.id,
    },
  };
}

class Tracks {
  readonly #tracks = new Map<string, { layer: Layer; actor: string; tracks: Track[] }>();
  #count = 0;

  place({ layer, actor, beginAt, endAt }: ExportedSpan): number {
    const [from, to] = [micros(beginAt), micros(endAt)];
    const key = `${layer} ${actor}`;
    const known = this.#tracks.get(key) ?? { layer, actor, tracks: [] };
    this.#tracks.set(key, known);
    for (const track of known.tracks) {
      while ((track.open.at(-1) ?? Number.POSITIVE_INFINITY) <= from) track.open.pop();
      const around = track.open.at(-1);
      if (around !== undefined && around < to) continue;
      track.open.push(to);
      return track.tid;
    }
    const track = { tid: ++this.#count, open: [to] };
    known.tracks.push(track);
    return track.tid;
  }

  /** The names that the processes and threads go by, and the order of the layers. */
  named(): PerfettoEvent[] {
    const used = [...this.#tracks.values()];
    const layers = LAYERS.filter((layer) => used.some((one) => one.layer === layer));
    const name = (name: string, layer: Layer, tid: number, args: PerfettoEvent['args']) =>
      ({ ph: 'M', name, pid: pidOf(layer), tid, args }) as const;
    return [
      ...layers.map((layer) => name('process_name', layer, 0, { name: layer })),
      ...layers.map((layer) => name('process_sort_index', layer, 0, { sort_index: pidOf(layer) })),
      ...used.flatMap(({ layer, actor, tracks }) =>
        tracks.map(({ tid }) => name('thread_name', layer, tid, { name: actor })),
      ),
    ];
  }
}

function sliceOf(span: ExportedSpan, tid: number): PerfettoEvent {
  const { name, layer, step, beginAt, endAt, isMoment, failure, details } = span;
  const at = { name, cat: failure ? `${layer},failed` : layer, pid: pidOf(layer), tid, ts: micros(beginAt) };
  const args = { step, ...details, ...(failure ? { failure } : {}) };
  return isMoment
    ? { ph: 'i', s: 't', ...at, args }
    : { ph: 'X', ...at, dur: micros(endAt) - micros(beginAt), args };
}

/** The arrow from what made a span happen, where both are slices: moments have nothing that an arrow could end at. */
function flowsOf(
  span: ExportedSpan,
  spans: readonly ExportedSpan[],
  placed: ReadonlyMap<number, number>,
): PerfettoEvent[] {
  const cause = spans[(span.causes[0] ?? 0) - 1];
  if (!cause || cause.isMoment || span.isMoment) return [];
  // It leaves within the slice of the cause, at the latest when the caused one begins.
  const leaves = Math.max(cause.beginAt, Math.min(span.beginAt, cause.endAt));
  const flow = { name: 'cause', cat: 'cause', id: span.id };
  const tidOf = ({ id }: ExportedSpan) => placed.get(id) ?? 0;
  return [
    { ph: 's', ...flow, pid: pidOf(cause.layer), tid: tidOf(cause), ts: micros(leaves) },
    {
      ph: 'f',
      bp: 'e',
      ...flow,
      pid: pidOf(span.layer),
      tid: tidOf(span),
      ts: micros(Math.max(span.beginAt, leaves)),
    },
  ];
}

function pidOf(layer: Layer): number {
  return LAYERS.indexOf(layer) + 1;
}

/** Whole nanoseconds: more digits than that are rounding’s. */
function micros(ms: number): number {
  return Math.round(ms * 1e6) / 1000;
}
