import { type CollectedTrace, collectTrace } from '@underdock/trace';
import type { ReadEnd } from '../traceText.ts';
import { readTraceText, traceTextOf } from './traceFile.ts';

/** A trace as far as its file goes; `faults` are lines that are no events and were passed over, and what else is wrong. */
export type ReadTrace = CollectedTrace;

/** Reads a whole trace file, `-` for standard input. Throws AgentError `no-file`, and TraceError where there is no trace. */
export function readTrace(file: string): Promise<ReadTrace> {
  const end: ReadEnd = { cut: false };
  return collected(readTraceText(file, end), end);
}

/** The same of bytes that come from anywhere, plain or gzip; `name` is what errors call them. */
export function readTraceFrom(bytes: AsyncIterable<Buffer>, name: string): Promise<ReadTrace> {
  const end: ReadEnd = { cut: false };
  return collected(traceTextOf(bytes, name, end), end);
}

async function collected(text: AsyncIterable<string>, end: ReadEnd): Promise<ReadTrace> {
  const trace = await collectTrace(text);
  const faults = end.fault ? [...trace.faults, end.fault] : trace.faults;
  return { ...trace, faults, cut: trace.cut || end.cut };
}
