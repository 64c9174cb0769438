import { decodeTrace, type TraceEvent, type TraceHeader } from '@underdock/trace';
import type { ReadEnd } from '../traceText.ts';
import { readTraceText } from './traceFile.ts';

/** A trace as far as its file goes. */
export interface ReadTrace {
  header: TraceHeader;
  events: TraceEvent[];
  /** Lines that are no events; they were passed over. */
  faults: string[];
  cut: boolean;
}

/** Reads a whole trace file, `-` for standard input. Throws AgentError `no-file`, and TraceError where there is no trace. */
export async function readTrace(file: string): Promise<ReadTrace> {
  const end: ReadEnd = { cut: false };
  const events: TraceEvent[] = [];
  const faults: string[] = [];
  let header: TraceHeader | undefined;
  let cut = false;
  for await (const item of decodeTrace(readTraceText(file, end))) {
    if (item.kind === 'header') header = item.header;
    else if (item.kind === 'event') events.push(item.event);
    else if (item.kind === 'cut') cut = true;
    else faults.push(item.error.message);
  }
  if (end.fault) faults.push(end.fault);
  // A file without a header has thrown by now.
  return { header: header!, events, faults, cut: cut || end.cut };
}
