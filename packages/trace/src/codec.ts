import { TraceError } from './error.ts';
import { eventSchema, type TraceEvent } from './event.ts';
import { headerSchema, type TraceHeader } from './header.ts';
import { MAX_IDLE_LINES } from './limits.ts';
import { LineReader } from './lines.ts';
import { isPlainEvent } from './plainEvent.ts';
import { tamed } from './tamed.ts';
import { type Upgrade, upgradesFrom } from './upgrade.ts';
import { otherFile, whatIsWrong } from './wrong.ts';

/** One header or event as a line of a trace file, newline included. */
export function encodeLine(item: TraceHeader | TraceEvent): string {
  return `${JSON.stringify(item)}\n`;
}

/**
 * What reading a trace yields, in file order. `fault` is a line that was passed over and why. `weight` is what an event costs
 * a reader that keeps it, in bytes, roughly: a small file can hold a great many small objects.
 */
export type TraceItem =
  | { kind: 'header'; header: TraceHeader }
  | { kind: 'event'; event: TraceEvent; line: number; weight: number }
  | { kind: 'fault'; line: number; error: TraceError }
  | { kind: 'cut'; line: number };

/**
 * Reads a trace from chunks of text, as they come. A faulty header throws TraceError; a faulty event is yielded as a
 * fault and reading goes on; an unfinished last line is yielded as `cut`: everything before it is whole. A second header ends
 * the reading with a fault. Never holds more than one line and one chunk.
 */
export async function* decodeTrace(
  chunks: AsyncIterable<string> | Iterable<string>,
): AsyncGenerator<TraceItem> {
  const reader = new LineReader();
  let upgrades: Upgrade[] | undefined;
  let useful = 0;
  for await (const chunk of chunks) {
    for (const { text, line, tooLong } of reader.push(chunk)) {
      if (line > MAX_IDLE_LINES + 5 * useful) throw tooFaulty(line);
      if (tooLong && upgrades) yield { kind: 'fault', line, error: tooLong };
      else if (tooLong) throw tooLong;
      else if (text.trim() === '') continue;
      else if (!upgrades) {
        const opened = decodeHeader(text, line);
        upgrades = opened.upgrades;
        yield { kind: 'header', header: opened.header };
      } else {
        const item = decodeEvent(text, line, upgrades);
        if (item.kind === 'event') useful++;
        yield item;
        if (isSecondHeader(item)) return;
      }
    }
  }
  yield* lastLine(reader, upgrades);
}

/** What stands behind the last newline: a whole line that only lacks its newline, or a cut one. */
function* lastLine(reader: LineReader, upgrades: Upgrade[] | undefined): Generator<TraceItem> {
  const { text: rest, line } = reader.rest();
  if (!upgrades && rest.trim() === '') {
    throw new TraceError('not-a-trace', 'the file is empty: a trace begins with a header line');
  }
  if (!upgrades) yield { kind: 'header', header: decodeHeader(rest, line).header };
  else if (rest.trim() !== '') {
    const last = decodeEvent(rest, line, upgrades);
    yield last.kind === 'event' || isSecondHeader(last) ? last : { kind: 'cut', line };
  }
}

function isSecondHeader(item: TraceItem): boolean {
  return item.kind === 'fault' && item.error.code === 'second-header';
}

function decodeHeader(text: string, line: number): { header: TraceHeader; upgrades: Upgrade[] } {
  let raw: Record<string, unknown>;
  try {
    raw = parseJson(text, line).value;
  } catch (cause) {
    throw new TraceError('not-a-trace', otherFile(text), { line, cause });
  }
  const version = raw.underdock;
  if (typeof version !== 'number' || !Number.isInteger(version) || version < 1) {
    throw new TraceError('not-a-trace', otherFile(text), { line });
  }
  const upgrades = upgradesFrom(version);
  const parsed = headerSchema.safeParse(upgrades.reduce((current, upgrade) => upgrade.header(current), raw));
  if (!parsed.success) {
    throw new TraceError('bad-header', `the header of this trace is faulty: ${whatIsWrong(parsed.error)}`, {
      line,
      cause: parsed.error,
    });
  }
  return { header: parsed.data, upgrades };
}

function decodeEvent(text: string, line: number, upgrades: Upgrade[]): TraceItem {
  const faulty = (error: TraceError): TraceItem => ({ kind: 'fault', line, error });
  try {
    const { value, weight } = parseJson(text, line);
    if ('underdock' in value && !('seq' in value)) return faulty(secondHeader(line));
    const raw = upgrades.reduce((current, upgrade) => upgrade.event(current), value);
    if (isPlainEvent(raw)) return { kind: 'event', event: raw as unknown as TraceEvent, line, weight };
    const parsed = eventSchema.safeParse(raw);
    if (parsed.success) return { kind: 'event', event: parsed.data, line, weight };
    const says = `line ${line} is no event: ${whatIsWrong(parsed.error)}`;
    return faulty(new TraceError('bad-event', says, { line, cause: parsed.error }));
  } catch (error) {
    if (error instanceof TraceError) return faulty(error);
    throw error;
  }
}

function tooFaulty(line: number): TraceError {
  return new TraceError(
    'too-faulty',
    `up to line ${line} hardly any line is an event: this is not a trace, or a damaged one`,
    { line },
  );
}

function secondHeader(line: number): TraceError {
  return new TraceError(
    'second-header',
    `line ${line} is a second header: two traces stand in this file, the first one ends here`,
    { line },
  );
}

function parseJson(text: string, line: number): { value: Record<string, unknown>; weight: number } {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (cause) {
    throw new TraceError('not-json', `line ${line} is not JSON`, { line, cause });
  }
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    throw new TraceError('not-json', `line ${line} is not a JSON object`, { line });
  }
  return { value: value as Record<string, unknown>, weight: text.length + tamed(value, line) };
}
