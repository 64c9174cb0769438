import { TraceError } from './error.ts';
import { eventSchema, type TraceEvent } from './event.ts';
import { headerSchema, type TraceHeader } from './header.ts';
import { type Upgrade, upgradesFrom } from './upgrade.ts';

/** One line longer than this (characters) is refused: no event of ours comes near, a hostile file does. */
export const MAX_LINE = 4 * 1024 * 1024;

/** One header or event as a line of a trace file, newline included. */
export function encodeLine(item: TraceHeader | TraceEvent): string {
  return `${JSON.stringify(item)}\n`;
}

/** What reading a trace yields, in file order. `fault` is a line that was passed over and why. */
export type TraceItem =
  | { kind: 'header'; header: TraceHeader }
  | { kind: 'event'; event: TraceEvent; line: number }
  | { kind: 'fault'; line: number; error: TraceError }
  | { kind: 'cut'; line: number };

/**
 * Reads a trace from chunks of text, as they come. A faulty header throws TraceError; a faulty event is yielded as a
 * fault and reading goes on; an unfinished last line is yielded as `cut`: everything before it is whole.
 */
export async function* decodeTrace(
  chunks: AsyncIterable<string> | Iterable<string>,
): AsyncGenerator<TraceItem> {
  const reader = new LineReader();
  let lines = 0;
  let upgrades: Upgrade[] | undefined;
  for await (const chunk of chunks) {
    for (const text of reader.push(chunk)) {
      lines++;
      if (text.trim() === '') continue;
      if (!upgrades) {
        const opened = decodeHeader(text);
        upgrades = opened.upgrades;
        yield { kind: 'header', header: opened.header };
      } else {
        yield decodeEvent(text, lines, upgrades);
      }
    }
  }
  const rest = reader.rest();
  if (!upgrades && rest.trim() !== '') {
    // A header alone, without its newline, is still a trace.
    yield { kind: 'header', header: decodeHeader(rest).header };
  } else if (!upgrades) {
    throw new TraceError('not-a-trace', 'the file is empty: a trace begins with a header line');
  } else if (rest.trim() !== '') {
    const last = decodeEvent(rest, lines + 1, upgrades);
    yield last.kind === 'event' ? last : { kind: 'cut', line: lines + 1 };
  }
}

function decodeHeader(text: string): { header: TraceHeader; upgrades: Upgrade[] } {
  const version = parseJson(text, 1).underdock;
  if (typeof version !== 'number' || !Number.isInteger(version) || version < 1) {
    throw new TraceError(
      'not-a-trace',
      'the first line is no header of a trace: expected {"underdock":1,…}',
      { line: 1 },
    );
  }
  const upgrades = upgradesFrom(version);
  const line = upgrades.reduce((current, upgrade) => upgrade.header(current), parseJson(text, 1));
  const parsed = headerSchema.safeParse(line);
  if (!parsed.success) {
    throw new TraceError('bad-header', `the header of this trace is faulty: ${firstIssue(parsed.error)}`, {
      line: 1,
      cause: parsed.error,
    });
  }
  return { header: parsed.data, upgrades };
}

function decodeEvent(text: string, line: number, upgrades: Upgrade[]): TraceItem {
  try {
    const raw = upgrades.reduce((current, upgrade) => upgrade.event(current), parseJson(text, line));
    const parsed = eventSchema.safeParse(raw);
    if (parsed.success) return { kind: 'event', event: parsed.data, line };
    const error = new TraceError('bad-event', `line ${line} is no event: ${firstIssue(parsed.error)}`, {
      line,
      cause: parsed.error,
    });
    return { kind: 'fault', line, error };
  } catch (error) {
    if (error instanceof TraceError) return { kind: 'fault', line, error };
    throw error;
  }
}

function parseJson(text: string, line: number): Record<string, unknown> {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (cause) {
    throw new TraceError(line === 1 ? 'not-a-trace' : 'not-json', `line ${line} is not JSON`, {
      line,
      cause,
    });
  }
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    throw new TraceError(line === 1 ? 'not-a-trace' : 'not-json', `line ${line} is not a JSON object`, {
      line,
    });
  }
  return value as Record<string, unknown>;
}

function firstIssue(error: { issues: { path: PropertyKey[]; message: string }[] }): string {
  const issue = error.issues[0];
  return issue ? `${issue.path.map(String).join('.') || 'line'}: ${issue.message}` : 'unknown fault';
}

/** Splits text into lines without ever holding more than one line beyond the chunk. */
class LineReader {
  #rest = '';

  *push(chunk: string): Generator<string> {
    let from = 0;
    for (let end = chunk.indexOf('\n'); end >= 0; end = chunk.indexOf('\n', from)) {
      const line = this.#rest + chunk.slice(from, end);
      this.#rest = '';
      from = end + 1;
      yield line;
    }
    this.#rest += chunk.slice(from);
    if (this.#rest.length > MAX_LINE) {
      throw new TraceError(
        'line-too-long',
        `a line is longer than ${MAX_LINE} characters: this is no trace of underdock`,
      );
    }
  }

  rest(): string {
    return this.#rest;
  }
}
