import type { TraceEvent, TraceHeader } from '@underdock/trace';
import { namesIn } from './share/names.ts';
import { cleanOutput, isOutput, withoutOutput } from './share/output.ts';
import { reviewOf, type Shown } from './share/review.ts';
import { type Replaced, StandIns } from './share/standIns.ts';
import { type Hideable, type Replacer, replacerOf } from './share/words.ts';

export { MOST_SHOWN, type Shown } from './share/review.ts';
export { REPLACED_KINDS, type Replaced, type ReplacedKind } from './share/standIns.ts';
export { HIDEABLE, type Hideable } from './share/words.ts';

/** What is known of whoever shares, and what else shall be hidden. */
export interface ShareOptions {
  /** Names of people and machines that a trace can’t tell: those of the machine that it is exported on. */
  users?: readonly string[];
  hosts?: readonly string[];
  hide?: readonly Hideable[];
  /** Texts that are taken out wherever they stand, also within words. */
  words?: readonly string[];
}

/** A trace that can be shared, and what that means. */
export interface Shared {
  header: TraceHeader;
  events: TraceEvent[];
  /** What was replaced; originals stand here and nowhere else. */
  replaced: readonly Replaced[];
  /** Bytes of output that were left out. */
  hiddenBytes: number;
  /** What the trace still tells. */
  shown: readonly Shown[];
}

/**
 * A trace without the names of people and places: the same name gets the same stand-in everywhere, so that the picture stays
 * whole. What was redacted when it was recorded stays so. The header and `trace/redacted` events say what was replaced, never
 * by value. Sharing what was shared before changes nothing more.
 */
export function shareTrace(
  header: TraceHeader,
  events: readonly TraceEvent[],
  options: ShareOptions = {},
): Shared {
  const hide = new Set(options.hide ?? []);
  const standIns = new StandIns();
  const replace = remembered(
    replacerOf(namesIn(header, events, options), standIns, { hide, words: options.words ?? [] }),
    standIns,
  );
  // In writing order, whatever order a reader has them in.
  const written = events.toSorted((a, b) => a.seq - b.seq);
  const output = hide.has('output') ? undefined : cleanOutput(written, replace);
  const clean = written.map((event) => cleanEvent(event, replace, output));
  const cleanHeader = {
    ...header,
    title: replace(header.title).slice(0, 500),
    command: header.command.map(replace),
    host: inDepth(header.host, replace) as TraceHeader['host'],
    watchers: inDepth(header.watchers, replace) as TraceHeader['watchers'],
    redacted: header.redacted.map(replace),
  };
  const hiddenBytes = hide.has('output') ? bytesHidden(clean) - bytesHidden(events) : 0;
  const replaced = standIns.replaced();
  const said = told(cleanHeader, clean, replaced, hiddenBytes);
  return {
    ...said,
    replaced,
    hiddenBytes,
    shown: reviewOf(said.header, clean, namesIn(said.header, clean, {})),
  };
}

function cleanEvent(
  event: TraceEvent,
  replace: Replacer,
  output: Map<number, string> | undefined,
): TraceEvent {
  const isWritten = isOutput(event);
  const base = isWritten && !output ? withoutOutput(event) : event;
  const { base64, ...rest } = base.data;
  const data = inDepth(isWritten ? rest : base.data, replace) as TraceEvent['data'];
  return {
    ...base,
    actor: inDepth(base.actor, replace) as TraceEvent['actor'],
    data: isWritten ? { ...data, base64: output?.get(event.seq) ?? base64 } : data,
    evidence: base.evidence.map((one) => ({
      ...one,
      raw: inDepth(one.raw, replace) as Record<string, unknown>,
    })),
  };
}

function inDepth(value: unknown, replace: Replacer): unknown {
  if (typeof value === 'string') return replace(value);
  if (Array.isArray(value)) return value.map((one) => inDepth(one, replace));
  if (typeof value !== 'object' || value === null) return value;
  const clean: Record<string, unknown> = {};
  for (const [key, one] of Object.entries(value)) clean[replace(key)] = inDepth(one, replace);
  return clean;
}

const MOST_REMEMBERED = 50_000;
/** Longer texts are seldom the same. */
const LONGEST_REMEMBERED = 2000;

/** Most texts of a trace stand there hundreds of times; each counts as often as it stands there. */
function remembered(replace: Replacer, standIns: StandIns): Replacer {
  const known = new Map<string, { text: string; found: readonly [Replaced, number][] }>();
  return (text) => {
    const before = known.get(text);
    if (before) {
      for (const [one, times] of before.found) one.count += times;
      return before.text;
    }
    const { result, found } = standIns.counting(() => replace(text));
    if (known.size < MOST_REMEMBERED && text.length <= LONGEST_REMEMBERED)
      known.set(text, { text: result, found });
    return result;
  };
}

function bytesHidden(events: readonly TraceEvent[]): number {
  return events.reduce(
    (sum, { data }) => sum + (typeof data.hiddenBytes === 'number' ? data.hiddenBytes : 0),
    0,
  );
}

/** The trace says itself what was replaced: in its header, and in an event for each kind at its end. */
function told(
  header: TraceHeader,
  events: TraceEvent[],
  replaced: readonly Replaced[],
  hiddenBytes: number,
): { header: TraceHeader; events: TraceEvent[] } {
  const counts = new Map<string, number>();
  for (const { kind, count } of replaced) counts.set(kind, (counts.get(kind) ?? 0) + count);
  if (hiddenBytes > 0) counts.set('output of the container (bytes)', hiddenBytes);
  const last = events.at(-1);
  const at = events.reduce((latest, event) => Math.max(latest, event.at), 0);
  const seq = events.reduce((highest, event) => Math.max(highest, event.seq), 0);
  const notes = [...counts].map(
    ([what, count], index): TraceEvent => ({
      seq: seq + 1 + index,
      at: last ? at : 0,
      type: 'log',
      step: 'trace/redacted',
      layer: 'client',
      actor: { name: 'underdock' },
      data: { what: `${what}, when it was shared`, count },
      evidence: [{ source: 'self', raw: {} }],
      grade: 'observed',
    }),
  );
  const names = notes.map(({ data }) => String(data.what));
  const redacted = [...new Set([...header.redacted, ...names])].slice(0, 1000);
  return { header: { ...header, redacted }, events: [...events, ...notes] };
}
