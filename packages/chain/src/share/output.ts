import type { TraceEvent } from '@underdock/trace';
import type { Replacer } from './words.ts';

/** An event with what a container wrote. */
export function isOutput(event: TraceEvent): boolean {
  return event.step === 'process/output' && typeof event.data.base64 === 'string';
}

/** The bytes that a container wrote, a character each; empty for what is no base64. */
export function bytesOf(event: TraceEvent): string {
  try {
    return atob(String(event.data.base64));
  } catch {
    return '';
  }
}

/** The event without what was written: so many bytes stood there. */
export function withoutOutput(event: TraceEvent): TraceEvent {
  const { base64: _, ...data } = event.data;
  const before = typeof data.hiddenBytes === 'number' ? data.hiddenBytes : 0;
  return { ...event, data: { ...data, base64: '', hiddenBytes: before + bytesOf(event).length } };
}

/**
 * What stands in place of the base64 of output events, by `seq`, where names were replaced. A line may come in several
 * pieces: it is looked at as a whole, and where it changes it moves into the piece that it begins in.
 */
export function cleanOutput(events: readonly TraceEvent[], replace: Replacer): Map<number, string> {
  const streams = new Map<string, TraceEvent[]>();
  for (const event of events.filter(isOutput)) {
    const name = `${event.container} ${event.data.stream}`;
    const pieces = streams.get(name) ?? [];
    pieces.push(event);
    streams.set(name, pieces);
  }
  const changed = new Map<number, string>();
  for (const pieces of streams.values()) cleanStream(pieces, replace, changed);
  return changed;
}

function cleanStream(events: readonly TraceEvent[], replace: Replacer, changed: Map<number, string>): void {
  const pieces = events.map(bytesOf);
  const clean = pieces.map(() => '');
  let piece = 0;
  let used = 0;
  for (const line of pieces.join('').match(/[^\n]*\n|[^\n]+$/g) ?? []) {
    const instead = cleanLine(line, replace);
    let left = line;
    do {
      while (used >= pieces[piece]!.length) {
        piece++;
        used = 0;
      }
      const part = left.slice(0, pieces[piece]!.length - used);
      if (instead === undefined) clean[piece] += part;
      else if (left === line) clean[piece] += instead;
      left = left.slice(part.length);
      used += part.length;
    } while (left !== '');
  }
  for (const [index, event] of events.entries()) {
    if (clean[index] !== pieces[index]) changed.set(event.seq, btoa(clean[index]!));
  }
}

/** The line with names replaced, as bytes; undefined where it stays as it is. What is no UTF-8 is taken byte by byte. */
function cleanLine(line: string, replace: Replacer): string | undefined {
  const text = decoded(line);
  const clean = replace(text ?? line);
  if (clean === (text ?? line)) return undefined;
  if (text === undefined) return clean;
  return Array.from(new TextEncoder().encode(clean), (byte) => String.fromCharCode(byte)).join('');
}

function decoded(bytes: string): string | undefined {
  try {
    const plain = Uint8Array.from(bytes, (one) => one.charCodeAt(0));
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(plain);
  } catch {
    return undefined;
  }
}
